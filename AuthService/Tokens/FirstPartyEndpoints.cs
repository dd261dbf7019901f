using McpPlatform.Contracts.Identity;
namespace McpPlatform.AuthService.Tokens;

/// <summary>The token endpoints of the platform's own API, beside OAuth's.</summary>
internal static class FirstPartyEndpoints
{
    public const string Token = "connect/token";
    public const string Login = "api/login";
    public const string AuthLogin = "api/auth/login";
    public const string Refresh = "api/auth/refresh";

    /// <summary>The grant of a login by name and password. OAuth 2.1 has none; ours exists on our own paths alone.</summary>
    public const string LoginGrant = "urn:mcpplatform:params:oauth:grant-type:login";

    /// <summary>The public client that a login belongs to when the caller names none.</summary>
    public const string ConsoleClient = PlatformClaims.FirstPartyClient;

    /// <summary>UserService as a client: the one that makes accounts.</summary>
    public const string UserServiceClient = "userservice";

    /// <summary>The Gateway as a client: the one that exchanges API keys.</summary>
    public const string GatewayClient = "gateway";

    /// <summary>Whether a path logs in. The rule is OpenIddict's: any case, one slash at the end.</summary>
    public static bool IsLogin(PathString path) => Is(path, Login) || Is(path, AuthLogin);

    public static bool IsRefresh(PathString path) => Is(path, Refresh);

    public static bool IsFirstParty(PathString path) => IsLogin(path) || IsRefresh(path);

    private static bool Is(PathString path, string endpoint) =>
        path.HasValue && path.Value.AsSpan(1).TrimEnd('/').Equals(endpoint, StringComparison.OrdinalIgnoreCase);
}
