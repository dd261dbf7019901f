using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>An authorization server.</summary>
/// <param name="Issuer">Its name.</param>
/// <param name="Authorization">Where people log in.</param>
/// <param name="Token">Where tokens come from.</param>
/// <param name="Registration">Where clients register themselves.</param>
/// <param name="Revocation">Where tokens are ended.</param>
internal sealed record AuthorizationServer(string Issuer, Uri? Authorization, Uri Token, Uri? Registration, Uri? Revocation)
{
    /// <summary>Whether it knows clients by the documents that describe them.</summary>
    public bool TakesDocuments { get; init; }

    /// <summary>Whether its answers name it (RFC 9207).</summary>
    public bool NamesItself { get; init; }

    public bool HasPkce { get; init; }

    /// <summary>Whether refresh tokens are asked for with a scope.</summary>
    public bool HasOfflineAccess { get; init; }

    public IReadOnlyList<string> AuthenticationMethods { get; init; } = [];
}

/// <summary>Where to log in for an MCP server, and for what.</summary>
/// <param name="Server">The authorization server.</param>
/// <param name="Resource">What tokens are to be for (RFC 8707).</param>
/// <param name="Scopes">What the server says is needed, separated by spaces.</param>
internal sealed record OAuthTarget(AuthorizationServer Server, string Resource, string? Scopes);

/// <summary>
/// Finds the authorization server of an MCP server: by the challenge of its 401 and its metadata (RFC 9728), then the authorization server's own (RFC 8414 or
/// OpenID Connect Discovery), which has to call itself what it is called.
/// </summary>
internal sealed partial class OAuthDiscovery(OAuthHttp http)
{
    /// <summary>Finds it.</summary>
    /// <param name="server">The MCP endpoint.</param>
    /// <param name="auth">What a manager has set.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OAuthException">There is none that can be used.</exception>
    public async Task<OAuthTarget> FindAsync(Uri server, UpstreamAuth auth, CancellationToken cancellationToken)
    {
        if (auth.Issuer is { } configured)
        {
            return new(await ReadAsync(configured, cancellationToken), Canonical(server), auth.Scopes);
        }

        var challenge = await http.ChallengeAsync(server, cancellationToken);
        var (resource, issuer, scopes) = await FindResourceAsync(server, Parameter(challenge, "resource_metadata"), cancellationToken);
        return new(await ReadAsync(issuer, cancellationToken), resource, auth.Scopes ?? Parameter(challenge, "scope") ?? scopes);
    }

    /// <summary>Reads an authorization server's metadata.</summary>
    public async Task<AuthorizationServer> ReadAsync(string issuer, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(issuer, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri is not { UserInfo: "", Query: "", Fragment: "" })
        {
            throw new OAuthException("has an issuer that is no address");
        }

        var (origin, path) = (uri.GetLeftPart(UriPartial.Authority), uri.AbsolutePath.TrimEnd('/'));
        foreach (var address in (string[])
        [
            $"{origin}/.well-known/oauth-authorization-server{path}", $"{origin}/.well-known/openid-configuration{path}", $"{origin}{path}/.well-known/openid-configuration",
        ])
        {
            if (await http.FindAsync(new Uri(address), cancellationToken) is { } document)
            {
                return Read(document, issuer);
            }
        }

        throw new OAuthException($"has no metadata: neither /.well-known/oauth-authorization-server nor /.well-known/openid-configuration is there at {uri.Authority}");
    }

    private static AuthorizationServer Read(JsonElement document, string issuer)
    {
        // RFC 8414, section 3.3: else one server could send us to another's endpoints. The slash at the end of a bare host is written by some and not by others.
        var named = OAuthJson.Text(document, "issuer");
        if (named is null || (named != issuer && named.TrimEnd('/') != issuer.TrimEnd('/')))
        {
            throw new OAuthException("calls itself by another name than the one it is known by, so it is not trusted");
        }

        return new(
            named, OAuthJson.Endpoint(document, "authorization_endpoint", issuer),
            OAuthJson.Endpoint(document, "token_endpoint", issuer) ?? throw new OAuthException("has no token endpoint"),
            OAuthJson.Endpoint(document, "registration_endpoint", issuer), OAuthJson.Endpoint(document, "revocation_endpoint", issuer))
        {
            TakesDocuments = OAuthJson.IsTrue(document, "client_id_metadata_document_supported"),
            NamesItself = OAuthJson.IsTrue(document, "authorization_response_iss_parameter_supported"),
            HasPkce = OAuthJson.Texts(document, "code_challenge_methods_supported").Contains("S256"),
            HasOfflineAccess = OAuthJson.Texts(document, "scopes_supported").Contains("offline_access"),
            AuthenticationMethods = OAuthJson.Texts(document, "token_endpoint_auth_methods_supported"),
        };
    }

    private async Task<(string Resource, string Issuer, string? Scopes)> FindResourceAsync(Uri server, string? named, CancellationToken cancellationToken)
    {
        var (origin, path) = (server.GetLeftPart(UriPartial.Authority), server.AbsolutePath.TrimEnd('/'));
        string[] addresses = named is not null ? [named] : [$"{origin}/.well-known/oauth-protected-resource{path}", $"{origin}/.well-known/oauth-protected-resource"];
        foreach (var address in addresses)
        {
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || await http.FindAsync(uri, cancellationToken) is not { } document)
            {
                continue;
            }

            if (OAuthJson.Text(document, "resource") is not { } resource || !IsAbout(resource, server))
            {
                throw new OAuthException("is named in metadata that is about another resource than this MCP server, so it is not trusted");
            }

            if (OAuthJson.Texts(document, "authorization_servers") is [var issuer, ..])
            {
                var scopes = OAuthJson.Texts(document, "scopes_supported");
                return (resource, issuer, scopes.Count > 0 ? string.Join(' ', scopes) : null);
            }
        }

        // Before 2025-06-18 an MCP server was its own authorization server.
        return (Canonical(server), origin, null);
    }

    // The resource may be the server's address or a part of its path (RFC 9728, section 3.3, and MCP's wording of it).
    private static bool IsAbout(string resource, Uri server) =>
        Uri.TryCreate(resource, UriKind.Absolute, out var uri) && Uri.Compare(uri, server, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0
        && (server.AbsolutePath.TrimEnd('/') + "/").StartsWith(uri.AbsolutePath.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static string Canonical(Uri server) => server.GetLeftPart(UriPartial.Path).TrimEnd('/');

    private static string? Parameter(AuthenticationHeaderValue? challenge, string name) =>
        Parameters().Matches(challenge?.Parameter ?? string.Empty).FirstOrDefault(match => match.Groups["name"].Value.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? found.Groups["quoted"].Success ? found.Groups["quoted"].Value.Replace("\\\"", "\"", StringComparison.Ordinal) : found.Groups["plain"].Value
            : null;

    // RFC 9110, section 11.2.
    [GeneratedRegex("""(?<name>[A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s,"]+))""", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Parameters();
}
