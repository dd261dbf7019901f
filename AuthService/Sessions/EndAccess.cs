using System.Security.Claims;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Revocations;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Sessions;

/// <summary>
/// The end of sessions and tokens. Cause, revocation and outbox change together; <see cref="ApplyRevocation"/> or the keeper of the list then write the copy
/// that every service looks into.
/// </summary>
internal sealed class EndAccess(
    AuthDbContext db, IOpenIddictAuthorizationManager authorizations, IOpenIddictTokenManager tokens, ActivityLog activities, TimeProvider time,
    IOptions<TokensOptions> options)
{
    private const int MaxOneByOne = 50;

    /// <summary>
    /// Ends one session in the caller's transaction; call SaveChanges after it. In one statement, which one of many requests wins: OpenIddict's manager reads
    /// the state and writes it later, so that each of them would announce the same end.
    /// </summary>
    /// <returns>Null when it had ended before.</returns>
    public async Task<AccessRevoked?> OfSessionAsync(Guid userId, string session, string reason, CancellationToken cancellationToken)
    {
        var id = Guid.Parse(session);
        var ended = await db.Sessions
            .Where(one => one.Id == id && one.Status == OpenIddictConstants.Statuses.Valid)
            .ExecuteUpdateAsync(
                set => set.SetProperty(one => one.Status, OpenIddictConstants.Statuses.Revoked).SetProperty(one => one.ConcurrencyToken, Guid.CreateVersion7().ToString()),
                cancellationToken);
        if (ended == 0)
        {
            return null;
        }

        await tokens.RevokeByAuthorizationIdAsync(session, cancellationToken);
        return Announce(userId, session, null, reason);
    }

    /// <summary>
    /// Ends all sessions of an account but one, in the caller's transaction; call SaveChanges after it. One by one, so that the access token of the one that
    /// stays is not touched; where there are too many for that, all access tokens end, and the one that stays gets a new one by its refresh token.
    /// </summary>
    public async Task<IReadOnlyList<AccessRevoked>> OfOtherSessionsAsync(Account account, Guid keep, string reason, CancellationToken cancellationToken)
    {
        var subject = account.Id.ToString();
        var others = db.Sessions.Where(one =>
            one.Subject == subject && one.Id != keep && one.Type == OpenIddictConstants.AuthorizationTypes.AdHoc && one.Status == OpenIddictConstants.Statuses.Valid);
        var ids = await others.OrderBy(one => one.Id).Select(one => one.Id).Take(MaxOneByOne + 1).ToListAsync(cancellationToken);
        List<AccessRevoked> facts = [];
        foreach (var id in ids.Take(MaxOneByOne))
        {
            if (await OfSessionAsync(account.Id, id.ToString(), reason, cancellationToken) is { } fact)
            {
                facts.Add(fact);
            }
        }

        if (ids.Count > MaxOneByOne)
        {
            await db.IssuedTokens.Where(token => token.Subject == subject && token.Authorization!.Id != keep)
                .ExecuteUpdateAsync(set => set.SetProperty(token => token.Status, OpenIddictConstants.Statuses.Revoked), cancellationToken);
            await others.ExecuteUpdateAsync(set => set.SetProperty(one => one.Status, OpenIddictConstants.Statuses.Revoked), cancellationToken);
            facts.Add(OfAccount(account, reason));
        }

        return facts;
    }

    /// <summary>Ends all sessions of an account, and its access tokens, in the caller's transaction.</summary>
    public async Task<AccessRevoked> OfAllSessionsAsync(Account account, string reason, CancellationToken cancellationToken)
    {
        await tokens.RevokeBySubjectAsync(account.Id.ToString(), cancellationToken);
        await authorizations.RevokeBySubjectAsync(account.Id.ToString(), cancellationToken);
        return OfAccount(account, reason);
    }

    /// <summary>Ends the access tokens that were given for an API key, in the caller's transaction; the caller deletes the key.</summary>
    public AccessRevoked OfApiKey(Guid userId, Guid key) => Announce(userId, key.ToString(), null, "api_key_deleted");

    /// <summary>Ends the access tokens that an account has now, in the caller's transaction; its sessions go on and get new ones.</summary>
    public AccessRevoked OfAccount(Account account, string reason) => Announce(account.Id, null, account.EndAccess(), reason);

    /// <summary>Somebody used a refresh token or a code that had been used: the session ends, in a transaction of its own.</summary>
    public async Task OfReusedSessionAsync(ClaimsPrincipal principal)
    {
        // Not to be broken off by the caller, who may be the thief.
        var cancellationToken = CancellationToken.None;
        if (principal.GetAuthorizationId() is not { } session || !Guid.TryParse(principal.GetClaim(OpenIddictConstants.Claims.Subject), out var userId))
        {
            return;
        }

        var reason = principal.HasTokenType(OpenIddictConstants.TokenTypeIdentifiers.Private.AuthorizationCode) ? "authorization_code_reused" : "refresh_token_reused";
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await OfSessionAsync(userId, session, reason, cancellationToken) is null)
        {
            return;
        }

        db.AddToOutbox(activities.Create("auth." + reason, ActivityOutcomes.Denied, "session", session) with { UserId = userId });
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
        db.Revocations.Add(Revocation.Of(fact, options.Value.RevocationLifetime));
        return fact;
    }
}
