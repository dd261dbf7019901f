namespace McpPlatform.AuthService.Authorization;

/// <summary>What a user gave to a client.</summary>
/// <param name="Scopes">All that was granted; a refreshed token can have them again.</param>
/// <param name="Resources">What the tokens are for.</param>
/// <param name="AuthenticatedAt">When the user last proved who they are, in Unix seconds.</param>
internal sealed record OAuthGrant(IReadOnlyList<string> Scopes, IReadOnlyList<string> Resources, long AuthenticatedAt)
{
    /// <summary>What this one access token gets of the scopes, where the client asked for less than it has (RFC 6749 section 6).</summary>
    public IReadOnlyList<string> AccessScopes { get; init; } = Scopes;
}
