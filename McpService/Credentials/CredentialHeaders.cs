using System.Text.RegularExpressions;

namespace McpPlatform.McpService.Credentials;

/// <summary>Which headers a server may be shown.</summary>
internal static partial class CredentialHeaders
{
    public const int MaxHeaders = 20, MaxValue = 8_192;

    public static readonly string Sentence = $"The headers must be 1 to {MaxHeaders} names of HTTP headers (such as Authorization or X-API-Key), each with a value of 1 to {MaxValue} visible ASCII characters.";

    // What the transport says itself, and what belongs to one hop (RFC 9110, section 7.6.1).
    private static readonly HashSet<string> Taken = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Expect", "Forwarded", "Host", "HTTP2-Settings", "Keep-Alive",
        "Last-Event-ID", "Origin", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Traceparent", "Tracestate", "Trailer", "Transfer-Encoding", "Upgrade", "Via",
    };

    /// <summary>Says what is wrong with them; null when nothing is.</summary>
    public static string? FindMistake(IReadOnlyDictionary<string, string> headers)
    {
        if (headers.Count is 0 or > MaxHeaders || headers.Keys.Distinct(StringComparer.OrdinalIgnoreCase).Count() < headers.Count)
        {
            return Sentence;
        }

        foreach (var (name, value) in headers)
        {
            if (!Token().IsMatch(name) || value is null || value.Length is 0 or > MaxValue || value.Any(character => character is < ' ' or > '~') || value.Trim().Length < value.Length)
            {
                return Sentence;
            }

            if (Taken.Contains(name) || name.StartsWith("Mcp-", StringComparison.OrdinalIgnoreCase) || name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase))
            {
                return $"The header '{name}' is not one to choose: the platform sets it itself, or it belongs to the connection.";
            }
        }

        return null;
    }

    // RFC 9110, section 5.6.2.
    [GeneratedRegex("\\A[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}\\z", RegexOptions.NonBacktracking)]
    private static partial Regex Token();
}
