using System.Text.RegularExpressions;

namespace McpPlatform.McpService.Servers;

/// <summary>What a server may be called. Routes take the id or the name, so a name never looks like an id.</summary>
internal static partial class ServerNames
{
    public const int MaxLength = 64;

    public const string Sentence = "The name must be 1 to 64 lower-case letters, digits and single hyphens, begin and end with a letter or digit, and not look like an id.";

    public static bool IsValid(string name) => name.Length <= MaxLength && Slug().IsMatch(name) && !Guid.TryParse(name, out _);

    [GeneratedRegex("\\A[a-z0-9]+(-[a-z0-9]+)*\\z", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Slug();
}
