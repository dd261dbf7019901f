using System.Diagnostics.CodeAnalysis;

namespace McpPlatform.McpService.Servers;

/// <summary>Addresses of MCP servers.</summary>
internal static class ServerUrls
{
    public const int MaxLength = 2048;

    public const string Sentence = "an absolute http or https URL of at most 2048 characters without user name, password or fragment, such as https://mcp.example.com/mcp";

    public static bool TryParse(string? text, [NotNullWhen(true)] out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url)
        && text!.Length <= MaxLength && url.AbsoluteUri.Length <= MaxLength
        && url.Scheme is ("http" or "https") && url.Host.Length > 0 && url.UserInfo.Length == 0 && url.Fragment.Length == 0;

    /// <summary>Some servers take their key in the query: only who may manage servers sees that, and no record keeps it.</summary>
    public static string WithoutQuery(string url) => url.Split('?', 2)[0];
}
