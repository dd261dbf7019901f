using System.Text.RegularExpressions;

namespace McpPlatform.ServiceDefaults.Telemetry;

/// <summary>What never leaves the process in a log: secrets by the name of the field that holds them, and by their shape wherever they stand.</summary>
internal static partial class Redaction
{
    public const string Mask = "***";

    /// <summary>Whether a field of this name is masked whole.</summary>
    public static bool IsSecretName(string name) => SecretName().IsMatch(name);

    /// <summary>The text with tokens, keys and passwords masked, and line breaks escaped so that nobody forges a line.</summary>
    public static string Apply(string text) => SecretShape().Replace(text, match => match.Groups["keep"].Value + Mask);

    [GeneratedRegex("pass(word|wd|phrase)?$|secret|token|api[_-]?key|authorization|cookie|credential|connection[_-]?string|otp$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SecretName();

    // JWTs, API keys, bearer headers, passwords in connection strings and URLs, and secrets in query strings or JSON.
    [GeneratedRegex("""
        eyJ[\w-]{8,}\.[\w-]+(\.[\w-]+){0,3}
        |mcpp_[\w-]{8,}
        |(?<keep>Bearer\s+)[\w.~+/=-]{8,}
        |(?<keep>\b(password|pwd|secret|access_token|refresh_token|client_secret|api_key|otp)["']?\s*[=:]\s*["']?)[^\s"';,&}]+
        |(?<keep>://[^\s:/@]+:)[^\s@/]+(?=@)
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SecretShape();
}
