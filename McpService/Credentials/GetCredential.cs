using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Credentials;

/// <summary>What a server is shown for the caller. Values are never told.</summary>
/// <param name="Owner"><c>server</c>: one credential for everybody; <c>user</c>: each user stores one.</param>
/// <param name="State"><c>none</c> (none is stored, and none is asked for), <c>stored</c>, <c>ok</c> (there is a login), or <c>needs_login</c>: somebody has to log in, or the caller to store one.</param>
/// <param name="Auth">How access tokens are got; see <c>PUT …/auth</c>.</param>
/// <param name="Login">The login that is used for the caller.</param>
/// <param name="Server">The server's own.</param>
/// <param name="Me">The caller's own.</param>
internal sealed record CredentialResponse(string Owner, string State, ServerAuth? Auth, StoredLogin? Login, StoredCredential? Server, StoredCredential? Me);

/// <summary>How access tokens are got.</summary>
/// <param name="Type"><c>oauth_authorization_code</c>, <c>oauth_client_credentials</c> or <c>token_exchange</c>.</param>
/// <param name="Issuer">The authorization server; null for the one that the server names.</param>
/// <param name="ClientId">The client that was entered.</param>
/// <param name="Scopes">What is asked for; null for what the server says is needed.</param>
/// <param name="Exchange">The operator's endpoint of a token exchange.</param>
internal sealed record ServerAuth(string Type, string? Issuer, string? ClientId, IReadOnlyList<string>? Scopes, string? Exchange)
{
    public static ServerAuth? Of(UpstreamAuth? auth) => auth is null ? null : new(auth.Type, auth.Issuer, auth.ClientId, auth.Scopes?.Split(' '), auth.Exchange);
}

/// <summary>What an authorization server gave.</summary>
/// <param name="State"><c>ok</c> or <c>needs_login</c>.</param>
/// <param name="Cause">Why a new login is needed.</param>
/// <param name="Issuer">The authorization server.</param>
/// <param name="Scopes">What was granted.</param>
/// <param name="ExpiresAt">When the access token ends; it is renewed before.</param>
/// <param name="UpdatedAt">When it was last renewed.</param>
internal sealed record StoredLogin(string State, string? Cause, string Issuer, IReadOnlyList<string>? Scopes, DateTimeOffset? ExpiresAt, DateTimeOffset UpdatedAt)
{
    public static StoredLogin? Of(UpstreamToken? row) => row is null ? null
        : new(row.Lapsed is null ? "ok" : "needs_login", row.Lapsed, row.Issuer, row.Scopes?.Split(' ', StringSplitOptions.RemoveEmptyEntries), row.ExpiresAt, row.UpdatedAt);
}

/// <summary>Headers that are stored.</summary>
/// <param name="HeaderNames">Their names.</param>
/// <param name="UpdatedAt">When they were stored.</param>
internal sealed record StoredCredential(IReadOnlyList<string> HeaderNames, DateTimeOffset UpdatedAt)
{
    public static StoredCredential? Of(UpstreamCredential? row) => row is null ? null : new(row.HeaderNames, row.UpdatedAt);
}

internal static class GetCredential
{
    public static async Task<Results<Ok<CredentialResponse>, ProblemHttpResult>> HandleAsync(
        string id, McpDbContext db, ServerAccess access, CurrentUser user, CancellationToken cancellationToken) =>
        await access.FindAsync(id, Permissions.McpToolsCall, cancellationToken) is { } server
            ? TypedResults.Ok(await ReadAsync(db, server, user.Id, cancellationToken))
            : ServerQueries.NotFound();

    public static async Task<CredentialResponse> ReadAsync(McpDbContext db, Server server, Guid user, CancellationToken cancellationToken)
    {
        var rows = await db.Credentials.AsNoTracking().Where(row => row.ServerId == server.Id && (row.UserId == null || row.UserId == user)).ToListAsync(cancellationToken);
        var (own, mine) = (rows.Find(row => row.UserId is null), rows.Find(row => row.UserId == user));
        if (server.Auth is not null)
        {
            Guid? owner = server.ToUpstream().NeedsUsersCredential ? user : null;
            var login = StoredLogin.Of(await db.UpstreamTokens.AsNoTracking().SingleOrDefaultAsync(row => row.ServerId == server.Id && row.UserId == owner, cancellationToken));

            // Only a person's login has to be there before: the others are got when they are needed.
            var authorized = login?.State ?? (server.Auth.Type == AuthTypes.AuthorizationCode ? "needs_login" : "none");
            return new(server.CredentialOwner, authorized, ServerAuth.Of(server.Auth), login, StoredCredential.Of(own), StoredCredential.Of(mine));
        }

        var state = mine is not null || (own is not null && server.CredentialOwner == CredentialOwners.Server) ? "stored" : server.CredentialOwner == CredentialOwners.User ? "needs_login" : "none";
        return new(server.CredentialOwner, state, null, null, StoredCredential.Of(own), StoredCredential.Of(mine));
    }
}
