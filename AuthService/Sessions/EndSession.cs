using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Sessions;

/// <summary>Ends one of one's own sessions, from another one or its own.</summary>
internal static class EndSession
{
    public static async Task<Results<NoContent, NotFound>> HandleAsync(
        Guid id, CurrentUser user, AuthDbContext db, EndAccess endAccess, Consents consents, ActivityLog activities, RevocationList list, IOptions<TokensOptions> options,
        CancellationToken cancellationToken)
    {
        var subject = user.Id.ToString();
        if (!await db.Sessions.AnyAsync(one => one.Id == id && one.Subject == subject && one.Type == OpenIddictConstants.AuthorizationTypes.AdHoc, cancellationToken))
        {
            return TypedResults.NotFound();
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await endAccess.OfSessionAsync(user.Id, id.ToString(), "session_ended", cancellationToken) is not { } fact)
        {
            return TypedResults.NotFound();
        }

        // A client that its user throws out has to ask before it comes back.
        await consents.WithdrawAsync(user.Id, id, cancellationToken);
        db.AddToOutbox(activities.Create("auth.sessions.end", ActivityOutcomes.Succeeded, "session", id.ToString()));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await ApplyRevocation.ApplyAsync(list, options.Value, fact);
        return TypedResults.NoContent();
    }
}
