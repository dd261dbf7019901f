using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>
/// As which client the platform comes to an authorization server: the one that a manager entered, else the platform's own document (Client ID Metadata
/// Documents), else one that it registers there once (RFC 7591).
/// </summary>
internal sealed class OAuthClients(OAuthHttp http, IServiceScopeFactory scopes, SecretProtector protector, IOptions<PlatformAuthenticationOptions> platform)
{
    public const string DocumentPath = "api/mcp/oauth/client", CallbackPath = "api/mcp/oauth/callback", Name = "McpPlatform";

    public string DocumentAddress => platform.Value.CanonicalIssuer + DocumentPath;

    public string CallbackAddress => platform.Value.CanonicalIssuer + CallbackPath;

    /// <summary>What the platform says of itself.</summary>
    public OAuthClientDocument Document => new(
        DocumentAddress, Name, platform.Value.CanonicalIssuer, [CallbackAddress], ["authorization_code", "refresh_token"], ["code"], "none", "web");

    /// <summary>The client that a manager entered.</summary>
    /// <exception cref="SecretUnreadableException">It cannot be decrypted.</exception>
    public async Task<OAuthClient?> FindEnteredAsync(Guid server, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await FindAsync(scope.ServiceProvider.GetRequiredService<McpDbContext>(), server, string.Empty, cancellationToken);
    }

    /// <summary>The client to log people in with.</summary>
    /// <exception cref="OAuthException">There is none, and none can be had.</exception>
    public async Task<OAuthClient> GetAsync(Guid server, AuthorizationServer authority, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
        if (await FindAsync(db, server, string.Empty, cancellationToken) is { } entered)
        {
            return entered.Secret is null ? entered : entered with { Method = MethodOf(authority) };
        }

        // A document that the authorization server cannot fetch is of no use to it.
        if (authority.TakesDocuments && DocumentAddress.StartsWith("https:", StringComparison.Ordinal))
        {
            return new(DocumentAddress);
        }

        if (await FindAsync(db, server, authority.Issuer, cancellationToken) is { } registered)
        {
            return registered;
        }

        var client = await RegisterAsync(authority, cancellationToken);
        db.Add(UpstreamClient.Create(protector, server, authority.Issuer, client));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return client;
        }
        catch (DbUpdateException)
        {
            // Somebody else registered it at the same moment.
            db.ChangeTracker.Clear();
            return await FindAsync(db, server, authority.Issuer, cancellationToken) ?? throw new OAuthException("could not be registered at: the server is gone");
        }
    }

    private async Task<OAuthClient?> FindAsync(McpDbContext db, Guid server, string issuer, CancellationToken cancellationToken) =>
        (await db.UpstreamClients.AsNoTracking().SingleOrDefaultAsync(row => row.ServerId == server && row.Issuer == issuer, cancellationToken))?.Client(protector);

    private async Task<OAuthClient> RegisterAsync(AuthorizationServer authority, CancellationToken cancellationToken)
    {
        if (authority.Registration is not { } endpoint)
        {
            throw new OAuthException("knows neither clients by their documents nor lets them register: a manager has to enter the client_id that it gave");
        }

        var answer = await http.RegisterAsync(endpoint, Document with { ClientId = null }, cancellationToken);
        return OAuthJson.Text(answer, "client_id") is { Length: > 0 and <= 2048 } id
            ? new(id, OAuthJson.Text(answer, "client_secret"), OAuthJson.Text(answer, "token_endpoint_auth_method") == OAuthClient.Post ? OAuthClient.Post : OAuthClient.Basic)
            : throw new OAuthException("answered the registration without a client_id");
    }

    // RFC 8414: where nothing is said it is Basic.
    public static string MethodOf(AuthorizationServer authority) =>
        authority.AuthenticationMethods.Count == 0 || authority.AuthenticationMethods.Contains(OAuthClient.Basic) ? OAuthClient.Basic : OAuthClient.Post;
}

/// <summary>The platform as a client of authorization servers.</summary>
internal sealed record OAuthClientDocument(
    [property: System.Text.Json.Serialization.JsonPropertyName("client_id")]
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)] string? ClientId,
    [property: System.Text.Json.Serialization.JsonPropertyName("client_name")] string ClientName,
    [property: System.Text.Json.Serialization.JsonPropertyName("client_uri")] string ClientUri,
    [property: System.Text.Json.Serialization.JsonPropertyName("redirect_uris")] IReadOnlyList<string> RedirectUris,
    [property: System.Text.Json.Serialization.JsonPropertyName("grant_types")] IReadOnlyList<string> GrantTypes,
    [property: System.Text.Json.Serialization.JsonPropertyName("response_types")] IReadOnlyList<string> ResponseTypes,
    [property: System.Text.Json.Serialization.JsonPropertyName("token_endpoint_auth_method")] string TokenEndpointAuthMethod,
    [property: System.Text.Json.Serialization.JsonPropertyName("application_type")] string ApplicationType);
