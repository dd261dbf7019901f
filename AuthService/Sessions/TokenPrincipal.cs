using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.ApiKeys;
using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace McpPlatform.AuthService.Sessions;

/// <summary>What a token says, and the session that it belongs to: an authorization of OpenIddict for each login.</summary>
internal sealed class TokenPrincipal(
    AuthDbContext db, IOpenIddictApplicationManager applications, IOpenIddictAuthorizationManager authorizations, ResourceIndicators resources, TimeProvider time)
{
    /// <summary>Begins a session. One authorization per login: else the end of one session would end them all.</summary>
    /// <returns>The session's id, the tokens' <c>sid</c>.</returns>
    /// <exception cref="AccountChangedException">The password was changed, or the account closed, since it was checked.</exception>
    public async Task<string> StartSessionAsync(Account account, SessionOrigin origin, CancellationToken cancellationToken)
    {
        // Held until the caller commits: a change of the password waits, and then sees the session that it must end.
        var unchanged = await db.Users.FromSql($"SELECT * FROM auth.users WHERE id = {account.Id} FOR SHARE").AsNoTracking()
            .AnyAsync(one => one.PasswordHash == account.PasswordHash && one.IsActive, cancellationToken);
        if (!unchanged)
        {
            throw new AccountChangedException();
        }

        var client = await applications.FindByClientIdAsync(origin.ClientId, cancellationToken)
            ?? throw new InvalidOperationException($"The client '{origin.ClientId}' is missing.");
        var now = time.GetUtcNow();
        var session = new Session
        {
            Kind = origin.Kind, Ip = origin.Ip, UserAgent = origin.UserAgent, AuthenticatedAt = origin.AuthenticatedAt ?? now, LastSeenAt = now,
        };
        await authorizations.PopulateAsync(session, new OpenIddictAuthorizationDescriptor
        {
            ApplicationId = await applications.GetIdAsync(client, cancellationToken),
            CreationDate = now,
            Subject = account.Id.ToString(),
            Type = AuthorizationTypes.AdHoc,
            Status = Statuses.Valid,
        }, cancellationToken);
        await authorizations.CreateAsync(session, cancellationToken);
        return session.Id.ToString();
    }

    /// <summary>Notes that a session goes on.</summary>
    /// <returns>False when it has ended.</returns>
    public async Task<bool> ContinueSessionAsync(string session, CancellationToken cancellationToken)
    {
        var (id, now) = (Guid.Parse(session), time.GetUtcNow());
        return await db.Sessions.Where(one => one.Id == id && one.Status == Statuses.Valid)
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.LastSeenAt, now), cancellationToken) == 1;
    }

    public async Task<bool> IsAliveAsync(string session, CancellationToken cancellationToken) =>
        await authorizations.FindByIdAsync(session, cancellationToken) is { } authorization
        && await authorizations.HasStatusAsync(authorization, Statuses.Valid, cancellationToken);

    /// <summary>A person's token.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="session">The login that it belongs to.</param>
    /// <param name="grant">What the person gave to an OAuth client; null for the platform's own login, which gives everything.</param>
    public ClaimsPrincipal Of(Account account, string session, OAuthGrant? grant = null)
    {
        var identity = NewIdentity();
        identity.SetClaim(PlatformClaims.Subject, account.Id.ToString())
            .SetClaim(PlatformClaims.Username, account.UserName)
            .SetClaim(PlatformClaims.SessionId, session)
            .SetClaim(PlatformClaims.Version, account.AccessVersion)
            .SetAuthorizationId(session)
            .SetScopes(grant?.Scopes ?? [Scopes.OfflineAccess]);
        identity.AddClaims(
        [
            List(PlatformClaims.Role, account.Roles),
            List(PlatformClaims.Permission, grant is null ? account.Permissions : OAuthScopes.Permitted(grant.AccessScopes, account.Permissions)),
            List(PlatformClaims.Team, account.Teams),
        ]);
        if (grant is not null)
        {
            identity.SetClaim(Claims.PreferredUsername, account.UserName).SetClaim(Claims.AuthenticationTime, grant.AuthenticatedAt);
        }

        return Finish(identity, grant?.Resources ?? [ResourceIndicators.Api, resources.Mcp]);
    }

    /// <summary>What is given for an API key: as much of it as the key's owner may do now. It belongs to no session.</summary>
    public ClaimsPrincipal OfApiKey(Account account, ApiKey key)
    {
        var identity = NewIdentity();
        identity.SetClaim(PlatformClaims.Subject, account.Id.ToString())
            .SetClaim(PlatformClaims.Username, account.UserName)
            .SetClaim(PlatformClaims.SessionId, key.Id.ToString())
            .SetClaim(PlatformClaims.Version, account.AccessVersion);
        identity.AddClaims(
        [
            List(PlatformClaims.Role, account.Roles),
            List(PlatformClaims.Permission, [.. key.Permissions.Intersect(account.Permissions, StringComparer.Ordinal)]),
            List(PlatformClaims.Team, account.Teams),
        ]);
        if (key.Limits.Count > 0)
        {
            identity.AddClaim(List(PlatformClaims.Limit, key.Limits));
        }

        return Finish(identity, [ResourceIndicators.Api, resources.Mcp]);
    }

    /// <summary>A service's own token. Its subject is derived from the client's name, so that it is a UUID and always the same.</summary>
    public static ClaimsPrincipal OfClient(string clientId)
    {
        var identity = NewIdentity();
        identity.SetClaim(PlatformClaims.Subject, new Guid(SHA256.HashData(Encoding.UTF8.GetBytes("client:" + clientId)).AsSpan(0, 16)).ToString())
            .SetClaim(PlatformClaims.Username, clientId);
        identity.AddClaim(List(PlatformClaims.Permission, PermissionsOfClient(clientId)));
        return Finish(identity, [ResourceIndicators.Api]);
    }

    // By name: that a service is a client is no reason that it may make accounts.
    private static string[] PermissionsOfClient(string clientId) =>
        clientId == FirstPartyEndpoints.UserServiceClient ? [Contracts.Identity.Permissions.AccountsManage] : [];

    // One claim of JSON: a list of one, or of none, is a list in the token too.
    private static Claim List(string type, IReadOnlyList<string> values) => new(type, JsonSerializer.Serialize(values), JsonClaimValueTypes.JsonArray);

    private static ClaimsIdentity NewIdentity() =>
        new(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme, PlatformClaims.Username, PlatformClaims.Role);

    private static ClaimsPrincipal Finish(ClaimsIdentity identity, IReadOnlyList<string> resources)
    {
        identity.SetResources(resources);
        identity.SetDestinations(claim => claim.Type is Claims.PreferredUsername or Claims.AuthenticationTime ? [Destinations.IdentityToken] : [Destinations.AccessToken]);
        return new ClaimsPrincipal(identity);
    }
}

/// <summary>Between the check of a person and the start of their session the account was changed: answer 401.</summary>
internal sealed class AccountChangedException() : Exception("The account was changed between the check of the password and the start of the session.");
