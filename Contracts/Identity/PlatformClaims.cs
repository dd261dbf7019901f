namespace McpPlatform.Contracts.Identity;

/// <summary>Names of the claims in the platform's access tokens (RFC 9068 JWTs).</summary>
public static class PlatformClaims
{
    /// <summary>The user's id, a UUID (RFC 7519 section 4.1.2).</summary>
    public const string Subject = "sub";

    /// <summary>The user's canonical name.</summary>
    public const string Username = "username";

    /// <summary>The login that the token belongs to: every token of one login, refreshed or not, has the same.</summary>
    public const string SessionId = "sid";

    /// <summary>The client that the token was issued to (RFC 9068, section 2.2).</summary>
    public const string Client = "client_id";

    /// <summary>The client of people who log in at the platform itself; API keys and OAuth clients have others.</summary>
    public const string FirstPartyClient = "console";

    /// <summary>Counts up each time when all of the user's access tokens are ended: a token with a lower number is worth nothing.</summary>
    public const string Version = "ver";

    /// <summary>The names of the user's roles, one claim each. For display: access is decided on <see cref="Permission"/>.</summary>
    public const string Role = "roles";

    /// <summary>The permissions that the user's roles give, one claim each; see <see cref="Permissions"/>.</summary>
    public const string Permission = "permissions";

    /// <summary>The names of the teams that the user is a member of, one claim each.</summary>
    public const string Team = "teams";

    /// <summary>
    /// Patterns of resources that the token is limited to, one claim each (<c>server:github</c>), beside its permissions; none in a token without a limit.
    /// </summary>
    public const string Limit = "limits";
}
