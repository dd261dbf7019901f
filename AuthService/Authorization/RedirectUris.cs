using System.Net;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// Where a client that nobody vouches for may have codes sent (RFC 8252, OAuth 2.1 section 2.3.1): its https address, a port of the user's own computer,
/// or a scheme that is named like a domain.
/// </summary>
internal static class RedirectUris
{
    public const int MaxLength = 500;
    public const int Most = 10;

    public const string Rule =
        "A redirect URI must be an https address, an http address of localhost, 127.0.0.1 or [::1], or begin with a private scheme that has a dot in it "
        + "(com.example.app:/callback); without a fragment, without a user, and with at most 500 characters.";

    public static bool IsAllowed(string text) =>
        text.Length <= MaxLength && text.All(one => one is > ' ' and < '\u007f' and not ('\\' or '"' or '<' or '>'))
        && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Fragment.Length == 0 && !text.Contains('#', StringComparison.Ordinal) && uri.UserInfo.Length == 0
        && uri.Scheme switch
        {
            "https" => uri.Host.Length > 0,
            "http" => IsLoopback(uri),
            var scheme => scheme.Contains('.', StringComparison.Ordinal),
        };

    /// <summary>What is stored: a port of the user's own computer is chosen at each start of the client, so none is fixed (RFC 8252 section 7.3).</summary>
    public static Uri ToStore(string text)
    {
        var uri = new Uri(text);
        return uri.Scheme == "http" && IsLoopback(uri) ? new UriBuilder(uri) { Port = -1 }.Uri : uri;
    }

    /// <summary>
    /// Whether a code that is sent there reaches the client and nobody else. Any program can listen on a port or claim a scheme, so there the user is asked
    /// each time (RFC 8252 section 8.6).
    /// </summary>
    public static bool ProvesClient(string text) => new Uri(text) is { Scheme: "https", IsLoopback: false };

    private static bool IsLoopback(Uri uri) =>
        uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && (address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback)));
}
