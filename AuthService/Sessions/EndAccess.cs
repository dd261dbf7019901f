using System.Security.Claims;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Sessions;

/// <summary>
/// The end of sessions and tokens. The database and the outbox change together; <see cref="ApplyRevocation"/> then writes the revocation list that every
/// service looks into.
/// </summary>
internal sealed class EndAccess(
    AuthDbContext db, IOpenIddictAuthorizationManager authorizations, IOpenIddictTokenManager tokens, ActivityLog activities, TimeProvider time)
{
    /// <summary>Ends one session in the caller's transaction; call SaveChanges after it.</summary>
    public async Task<AccessRevoked> OfSessionAsync(Guid userId, string session, string reason, CancellationToken cancellationToken)
    {
        await tokens.RevokeByAuthorizationIdAsync(session, cancellationToken);
        if (await authorizations.FindByIdAsync(session, cancellationToken) is { } authorization)
        {
            await authorizations.TryRevokeAsync(authorization, cancellationToken);
        }

        return Announce(userId, session, null, reason);
    }

    /// <summary>Ends all sessions of an account, and its access tokens, in the caller's transaction.</summary>
    public async Task<AccessRevoked> OfAllSessionsAsync(Account account, string reason, CancellationToken cancellationToken)
    {
        await tokens.RevokeBySubjectAsync(account.Id.ToString(), cancellationToken);
        await authorizations.RevokeBySubjectAsync(account.Id.ToString(), cancellationToken);
        return OfAccount(account, reason);
    }

    /// <summary>Ends the access tokens that an account has now, in the caller's transaction; its sessions go on and get new ones.</summary>
    public AccessRevoked OfAccount(Account account, string reason) => Announce(account.Id, null, account.EndAccess(), reason);

    /// <summary>Somebody used a refresh token that had been used: the session ends, in a transaction of its own.</summary>
    public async Task OfReusedSessionAsync(ClaimsPrincipal principal, CancellationToken cancellationToken)
    {
        if (principal.GetAuthorizationId() is not { } session || !Guid.TryParse(principal.GetClaim(OpenIddictConstants.Claims.Subject), out var userId))
        {
            return;
        }

        var known = await authorizations.FindByIdAsync(session, cancellationToken);
        if (known is null || !await authorizations.HasStatusAsync(known, OpenIddictConstants.Statuses.Valid, cancellationToken))
        {
            return;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await OfSessionAsync(userId, session, "refresh_token_reused", cancellationToken);
        db.AddToOutbox(activities.Create("auth.refresh_token_reused", ActivityOutcomes.Denied, "session", session) with { UserId = userId });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private AccessRevoked Announce(Guid userId, string? session, long? version, string reason)
    {
        var fact = new AccessRevoked
        {
            EventId = Guid.CreateVersion7(), OccurredAt = time.GetUtcNow(), UserId = userId, SessionId = session, Version = version, Reason = reason,
        };
        db.AddToOutbox(fact);
        return fact;
    }
}
