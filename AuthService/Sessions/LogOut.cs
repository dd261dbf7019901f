using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Sessions;

/// <summary>Which sessions end.</summary>
public sealed record LogOutRequest
{
    /// <summary>True: all of the user's sessions; else the one that the token belongs to.</summary>
    public bool All { get; init; }
}

internal static class LogOut
{
    public static async Task<NoContent> HandleAsync(
        LogOutRequest? request, CurrentUser user, AuthDbContext db, EndAccess endAccess, ActivityLog activities, RevocationList list,
        IOptions<TokensOptions> options, CancellationToken cancellationToken)
    {
        var all = request?.All == true || user.SessionId is null;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var fact = all && await db.Users.SingleOrDefaultAsync(account => account.Id == user.Id, cancellationToken) is { } account
            ? await endAccess.OfAllSessionsAsync(account, "logout", cancellationToken)
            : await endAccess.OfSessionAsync(user.Id, user.SessionId!, "logout", cancellationToken);
        db.AddToOutbox(activities.Create("auth.logout", ActivityOutcomes.Succeeded, "session", all ? "all" : user.SessionId));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        // The consumer writes it too, should this fail; but whoever logs out may expect that it is in force with the answer.
        await ApplyRevocation.ApplyAsync(list, options.Value, fact);
        return TypedResults.NoContent();
    }
}
