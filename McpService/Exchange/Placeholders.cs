using System.Text.RegularExpressions;

namespace McpPlatform.McpService.Exchange;

/// <summary>What stands in an <c>mcp.json</c> for a value that its client fills in: <c>${input:id}</c> (VS Code), <c>${env:NAME}</c> (VS Code, Cursor), <c>${NAME}</c> and <c>${NAME:-default}</c> (Claude Code).</summary>
internal static partial class Placeholders
{
    /// <summary>Also within a text: <c>Bearer ${input:token}</c> is no value that could be stored.</summary>
    public static bool IsIn(string text) => Placeholder().IsMatch(text);

    /// <summary>The variable of a header. Two underscores, which no name has, keep those of two servers apart.</summary>
    public static string Variable(string server, string header) => $"{Letters(server)}__{Letters(header)}";

    /// <summary>The same as the id of a VS Code input.</summary>
    public static string Input(string server, string part) => $"{server}--{string.Concat(part.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToLowerInvariant(letter) : '-'))}";

    /// <summary>Replaces <c>${NAME}</c> by what an entry's own environment has for it; what is not there stays a placeholder.</summary>
    public static string Fill(string text, IReadOnlyDictionary<string, string> environment) =>
        Placeholder().Replace(text, match => environment.GetValueOrDefault(match.Groups["name"].Value) ?? match.Value);

    private static string Letters(string text) => string.Concat(text.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToUpperInvariant(letter) : '_'));

    [GeneratedRegex("\\$\\{(?<name>[^}]*)\\}", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Placeholder();
}
