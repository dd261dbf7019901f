using System.Text.Json;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>How the platform gets access tokens for a server.</summary>
/// <param name="Type">One of <see cref="AuthTypes"/>.</param>
/// <param name="Issuer">The authorization server; null for the one that the server names (RFC 9728).</param>
/// <param name="ClientId">The platform's client there; null for the platform's own document, or one that it registers.</param>
/// <param name="Scopes">What to ask for, separated by spaces; null for what the server names.</param>
/// <param name="Exchange">For a token exchange: the operator's name of the endpoint.</param>
internal sealed record UpstreamAuth(string Type, string? Issuer = null, string? ClientId = null, string? Scopes = null, string? Exchange = null)
{
    public static string Write(UpstreamAuth auth) => JsonSerializer.Serialize(auth);

    public static UpstreamAuth Read(string json) => JsonSerializer.Deserialize<UpstreamAuth>(json)!;
}

/// <summary>The ways to get an access token.</summary>
internal static class AuthTypes
{
    /// <summary>A person logs in (OAuth 2.1 section 4.1).</summary>
    public const string AuthorizationCode = "oauth_authorization_code";

    /// <summary>The platform itself (OAuth 2.1 section 4.2).</summary>
    public const string ClientCredentials = "oauth_client_credentials";

    /// <summary>The caller's token of the platform is exchanged for one of the server's (RFC 8693).</summary>
    public const string TokenExchange = "token_exchange";

    public const string Sentence = "The type must be 'oauth_authorization_code', 'oauth_client_credentials' or 'token_exchange'.";

    public static bool IsValid(string? type) => type is AuthorizationCode or ClientCredentials or TokenExchange;
}
