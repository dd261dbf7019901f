using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
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
    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        LogOutRequest? request, CurrentUser user, AuthDbContext db, EndAccess endAccess, ActivityLog activities, RevocationList list,
        IOptions<TokensOptions> options, CancellationToken cancellationToken)
    {
        var subject = user.Id.ToString();
        if (user.SessionId is not { } session || !Guid.TryParse(session, out var id) || !await db.Sessions.AnyAsync(one => one.Id == id && one.Subject == subject, cancellationToken))
        {
            // A service's own token belongs to no session; what an API key gave ends with the key.
            return TypedResults.NoContent();
        }

        var all = request?.All == true;
        if (all && !await db.IsLoginAsync(user, cancellationToken))
        {
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, "A client that was let in can end its own session alone: leave out 'all'.");
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var fact = all && await db.Users.SingleOrDefaultAsync(account => account.Id == user.Id, cancellationToken) is { } account
            ? await endAccess.OfAllSessionsAsync(account, "logout", cancellationToken)
            : await endAccess.OfSessionAsync(user.Id, session, "logout", cancellationToken);
        db.AddToOutbox(activities.Create("auth.logout", ActivityOutcomes.Succeeded, "session", all ? "all" : session));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        // The consumer writes it too, should this fail; but whoever logs out may expect that it is in force with the answer.
        // Also where the session had ended before: an earlier try may have failed just here.
        await (fact is null ? ApplyRevocation.ApplyToSessionAsync(list, options.Value, session) : ApplyRevocation.ApplyAsync(list, options.Value, fact));
        return TypedResults.NoContent();
    }
}
