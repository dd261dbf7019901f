using System.Security.Cryptography;
using System.Text;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>A login that waits for a browser.</summary>
/// <param name="AuthorizationUrl">What to open in the browser: it leads by the platform's own pages, where the same user has to be logged in, to the authorization server.</param>
/// <param name="AuthorizationServer">Where the login will be.</param>
/// <param name="ExpiresAt">Until when it has to be finished.</param>
internal sealed record LoginResponse(string AuthorizationUrl, string AuthorizationServer, DateTimeOffset ExpiresAt);

/// <summary>Begins logins at the authorization servers of MCP servers.</summary>
internal sealed class StartLogin(OAuthDiscovery discovery, OAuthClients clients, PendingLogins logins, IOptions<PlatformAuthenticationOptions> platform, TimeProvider time)
{
    public static async Task<Results<Ok<LoginResponse>, ProblemHttpResult>> HandleAsync(
        string id, StartLogin start, [AsParameters] CredentialServices services, CancellationToken cancellationToken)
    {
        if (await services.Access.FindAsync(id, Permissions.McpToolsCall, cancellationToken) is not { } server)
        {
            return ServerQueries.NotFound();
        }

        if (server.Auth is not { Type: AuthTypes.AuthorizationCode } auth)
        {
            return ProblemExtensions.Problem(
                StatusCodes.Status409Conflict, $"Nobody logs in at '{server.Name}': who manages it would have to set that with PUT /api/mcp/servers/{server.Name}/auth.");
        }

        var forEverybody = server.CredentialOwner == CredentialOwners.Server;
        if (forEverybody && await services.Access.RefuseToManageAsync(server.Name, "mcp.credentials.login", cancellationToken) is { } refusal)
        {
            return refusal;
        }

        try
        {
            var answer = await start.BeginAsync(server, auth, services.User, forEverybody, cancellationToken);
            services.Db.AddToOutbox(services.Activities.Create(
                "mcp.credentials.login_started", ActivityOutcomes.Succeeded, "mcp_server", server.Name, newValues: new { answer.AuthorizationServer, ForEverybody = forEverybody }));
            await services.Db.SaveChangesAsync(cancellationToken);
            return TypedResults.Ok(answer);
        }
        catch (OAuthException exception)
        {
            return ProblemExtensions.Problem(StatusCodes.Status502BadGateway, $"The authorization server of '{server.Name}' {exception.Message}.");
        }
        catch (SecretUnreadableException exception)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"The client of '{server.Name}' cannot be decrypted: {exception.Message}");
        }
    }

    private async Task<LoginResponse> BeginAsync(Server server, UpstreamAuth auth, CurrentUser user, bool forEverybody, CancellationToken cancellationToken)
    {
        var target = await discovery.FindAsync(new Uri(server.Url), auth, cancellationToken);
        var authority = target.Server;
        if (authority.Authorization is not { } endpoint)
        {
            throw new OAuthException("has no authorization endpoint");
        }

        // OAuth 2.1 section 7.5.1, and MCP: without it a stolen code is worth something.
        if (!authority.HasPkce)
        {
            throw new OAuthException("does not say that it knows PKCE with S256, so nobody is sent there");
        }

        var client = await clients.GetAsync(server.Id, authority, cancellationToken);
        var (ticket, state, verifier) = (PendingLogins.NewSecret(), PendingLogins.NewSecret(), PendingLogins.NewSecret());
        var scopes = authority.HasOfflineAccess && target.Scopes?.Split(' ').Contains("offline_access") != true ? $"{target.Scopes} offline_access".Trim() : target.Scopes;
        var parameters = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["response_type"] = "code", ["client_id"] = client.Id, ["redirect_uri"] = clients.CallbackAddress, ["state"] = state, ["resource"] = target.Resource, ["scope"] = scopes,
            ["code_challenge"] = System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))), ["code_challenge_method"] = "S256",
        };
        var login = new PendingLogin
        {
            ServerId = server.Id, ServerName = server.Name, User = user.Id, ForEverybody = forEverybody, Issuer = authority.Issuer, IsNamed = authority.NamesItself,
            TokenEndpoint = authority.Token, RevocationEndpoint = authority.Revocation, Client = client, Resource = target.Resource, Scopes = scopes, Verifier = verifier,
            AuthorizationAddress = QueryHelpers.AddQueryString(endpoint.AbsoluteUri, parameters),
        };
        await logins.AddAsync(ticket, login);
        await logins.AddAsync(state, login);
        return new($"{platform.Value.CanonicalIssuer}connect/identify?login={ticket}", authority.Issuer, time.GetUtcNow() + PendingLogins.Lifetime);
    }
}
