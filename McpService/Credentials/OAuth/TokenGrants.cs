using System.Text.Json;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>The requests for tokens: for the platform itself, with a refresh token, with an authorization code, in exchange for a caller's token.</summary>
internal sealed class TokenGrants(OAuthHttp http, OAuthDiscovery discovery, OAuthClients clients, IOptions<TokenExchangeOptions> exchanges)
{
    /// <summary>OAuth 2.1 section 4.2.</summary>
    public async Task<TokenSet> OfClientAsync(UpstreamServer server, UpstreamAuth auth, CancellationToken cancellationToken)
    {
        var client = await clients.FindEnteredAsync(server.Id, cancellationToken) ?? throw new OAuthException("needs a client_id and a client_secret, which a manager has to enter");
        var target = await discovery.FindAsync(server.Url, auth, cancellationToken);
        client = client with { Method = OAuthClients.MethodOf(target.Server) };
        var form = new Dictionary<string, string>(StringComparer.Ordinal) { ["grant_type"] = "client_credentials", ["resource"] = target.Resource };
        AddScope(form, auth.Scopes ?? target.Scopes);
        return Read(await http.AskForTokenAsync(target.Server.Token, client, form, cancellationToken), target.Server, client, target.Resource, null, form.GetValueOrDefault("scope"));
    }

    /// <summary>OAuth 2.1 section 4.1.3.</summary>
    public async Task<TokenSet> RedeemAsync(PendingLogin login, string code, string callback, CancellationToken cancellationToken)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code", ["code"] = code, ["redirect_uri"] = callback, ["code_verifier"] = login.Verifier, ["resource"] = login.Resource,
        };
        var answer = await http.AskForTokenAsync(login.TokenEndpoint, login.Client, form, cancellationToken);
        return Read(answer, new(login.Issuer, null, login.TokenEndpoint, null, login.RevocationEndpoint), login.Client, login.Resource, null, login.Scopes);
    }

    /// <summary>OAuth 2.1 section 4.3.</summary>
    public async Task<TokenSet> RefreshAsync(TokenSet tokens, CancellationToken cancellationToken)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal) { ["grant_type"] = "refresh_token", ["refresh_token"] = tokens.RefreshToken!, ["resource"] = tokens.Resource };
        var answer = await http.AskForTokenAsync(tokens.TokenEndpoint, tokens.Client, form, cancellationToken);
        return Read(answer, new(tokens.Issuer, null, tokens.TokenEndpoint, null, tokens.RevocationEndpoint), tokens.Client, tokens.Resource, tokens.RefreshToken, tokens.Scopes);
    }

    /// <summary>RFC 8693. The caller's token goes to the endpoint that the operator has named, and never to the MCP server.</summary>
    public async Task<TokenSet> ExchangeAsync(UpstreamServer server, UpstreamAuth auth, string callersToken, CancellationToken cancellationToken)
    {
        if (exchanges.Value.Endpoints.GetValueOrDefault(auth.Exchange ?? string.Empty) is not { } place)
        {
            throw new OAuthException($"is not configured: the operator has to set {TokenExchangeOptions.Section}__Endpoints__{auth.Exchange}__TokenEndpoint");
        }

        var (endpoint, resource) = (new Uri(place.TokenEndpoint!), server.Url.GetLeftPart(UriPartial.Path).TrimEnd('/'));
        var client = new OAuthClient(place.ClientId!, string.IsNullOrEmpty(place.ClientSecret) ? null : place.ClientSecret);
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange", ["subject_token"] = callersToken,
            ["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token", ["resource"] = resource,
        };
        AddScope(form, auth.Scopes);
        var answer = await http.AskForTokenAsync(endpoint, client, form, cancellationToken);

        // Without a secret and without a refresh token: it lives as long as it lives, and then there is another caller's token to exchange.
        return Read(answer, new(endpoint.GetLeftPart(UriPartial.Authority), null, endpoint, null, null), new(client.Id), resource, null, auth.Scopes) with { RefreshToken = null };
    }

    /// <summary>Ends a login at the authorization server too, where it can be (RFC 7009).</summary>
    public async Task EndAsync(UpstreamToken? row, SecretProtector protector, CancellationToken cancellationToken)
    {
        try
        {
            if (row?.Tokens(protector) is { RevocationEndpoint: { } endpoint } tokens)
            {
                await http.RevokeAsync(endpoint, tokens.Client, tokens.RefreshToken ?? tokens.AccessToken, cancellationToken);
            }
        }
        catch (SecretUnreadableException)
        {
            // Nobody can use it either.
        }
    }

    private static void AddScope(Dictionary<string, string> form, string? scopes)
    {
        if (!string.IsNullOrEmpty(scopes))
        {
            form["scope"] = scopes;
        }
    }

    private static TokenSet Read(JsonElement answer, AuthorizationServer authority, OAuthClient client, string resource, string? refreshToken, string? scopes)
    {
        if (OAuthJson.Text(answer, "access_token") is not { Length: > 0 and <= 16_384 } token || token.Any(character => character is <= ' ' or > '~'))
        {
            throw new OAuthException("gave no access token that can be used");
        }

        if (OAuthJson.Text(answer, "token_type") is not { } type || !(type.Equals("Bearer", StringComparison.OrdinalIgnoreCase) || type == "N_A"))
        {
            throw new OAuthException("gave a token that is no bearer token");
        }

        var lifetime = answer.TryGetProperty("expires_in", out var seconds) && seconds.ValueKind == JsonValueKind.Number && seconds.TryGetDouble(out var number) && number is > 0 and < 1e9
            ? TimeSpan.FromSeconds(number) : (TimeSpan?)null;
        return new(authority.Issuer, authority.Token, client, resource, token, OAuthJson.Text(answer, "refresh_token") ?? refreshToken, OAuthJson.Text(answer, "scope") ?? scopes, lifetime)
        {
            RevocationEndpoint = authority.Revocation,
        };
    }
}
