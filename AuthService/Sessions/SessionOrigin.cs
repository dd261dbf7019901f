using System.Globalization;
using System.Text;
using McpPlatform.AuthService.Tokens;

namespace McpPlatform.AuthService.Sessions;

/// <summary>Where a session comes from.</summary>
/// <param name="Kind">How the person logged in.</param>
/// <param name="Ip">The address that the request came from.</param>
/// <param name="UserAgent">What the client calls itself; see <see cref="Clean"/>.</param>
internal sealed record SessionOrigin(SessionKind Kind, string? Ip, string? UserAgent)
{
    /// <summary>The client that the session belongs to.</summary>
    public string ClientId { get; init; } = FirstPartyEndpoints.ConsoleClient;

    /// <summary>When the person proved who they are, where that was before the session began.</summary>
    public DateTimeOffset? AuthenticatedAt { get; init; }

    /// <summary>The address and the client of a request.</summary>
    public static SessionOrigin Of(HttpContext context, SessionKind kind) =>
        new(kind, Address(context), Clean(context.Request.Headers.UserAgent));

    /// <summary>A line that is safe to store and to show: no control or invisible characters, no half characters, at most 256 of them.</summary>
    internal static string? Clean(string? userAgent)
    {
        if (string.IsNullOrWhiteSpace(userAgent))
        {
            return null;
        }

        var text = new StringBuilder(Session.MaxUserAgentLength);
        foreach (var rune in userAgent.EnumerateRunes())
        {
            // A half of a surrogate pair comes as U+FFFD.
            var shown = IsPrinted(rune) ? rune : new Rune(' ');
            if (text.Length + shown.Utf16SequenceLength > Session.MaxUserAgentLength)
            {
                break;
            }

            text.Append(shown.ToString());
        }

        return text.ToString().Trim() is { Length: > 0 } clean ? clean : null;
    }

    private static string? Address(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        null => null,
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        var address => new System.Net.IPAddress(address.GetAddressBytes()).ToString(),
    };

    private static bool IsPrinted(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
