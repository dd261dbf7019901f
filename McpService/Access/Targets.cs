using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Tools;

namespace McpPlatform.McpService.Access;

/// <summary>How a record names what was used: what a caller made up is cut to the length of what can exist.</summary>
internal static class Targets
{
    public static string Of(string server, string? tool = null) =>
        tool is null ? Cut(server, ServerNames.MaxLength) : $"{Cut(server, ServerNames.MaxLength)}/{Cut(tool, Tool.MaxNameLength)}";

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length];
}
