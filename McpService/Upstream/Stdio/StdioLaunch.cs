using System.Text;
using System.Text.RegularExpressions;

namespace McpPlatform.McpService.Upstream.Stdio;

/// <summary>
/// Which template a server is run from, and with what in its holes. As an address, because that is what a server has: <c>stdio:files?root=%2Fsrv</c>.
/// </summary>
internal sealed partial record StdioLaunch(string Template, IReadOnlyDictionary<string, string> Parameters)
{
    public const string Scheme = "stdio";

    private const int MaxValue = 1024;

    public Uri ToUri() => new(
        $"{Scheme}:{Template}" + (Parameters.Count == 0 ? string.Empty
            : "?" + string.Join('&', Parameters.OrderBy(parameter => parameter.Key, StringComparer.Ordinal).Select(parameter => $"{parameter.Key}={Uri.EscapeDataString(parameter.Value)}"))));

    public static StdioLaunch Of(Uri url) => new(
        url.AbsolutePath,
        url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]), StringComparer.Ordinal));

    /// <summary>Says what is wrong with it; null when nothing is.</summary>
    /// <returns>The member of the request, and a sentence.</returns>
    public (string Member, string Sentence)? FindMistake(StdioOptions options)
    {
        if (!options.Templates.TryGetValue(Template, out var template))
        {
            return ("template", options.Templates.Count == 0
                ? "No MCP server can be run as a process here: the operator has configured no template (Stdio__Templates)."
                : $"The template must be one that the operator has configured: {string.Join(", ", options.Templates.Keys.Order(StringComparer.Ordinal).Select(key => $"'{key}'"))}.");
        }

        foreach (var name in Parameters.Keys.Where(name => !template.Parameters.ContainsKey(name)))
        {
            return ("parameters", $"The template '{Template}' has no such parameter: it has {(template.Parameters.Count == 0 ? "none" : string.Join(", ", template.Parameters.Keys.Order(StringComparer.Ordinal).Select(key => $"'{key}'")))}.");
        }

        foreach (var (name, rule) in template.Parameters)
        {
            if (!Parameters.TryGetValue(name, out var value))
            {
                if (rule.Default is null)
                {
                    return ("parameters", $"The template '{Template}' needs the parameter '{name}'.");
                }
            }
            else if (FindMistake(name, rule, value) is { } mistake)
            {
                return ("parameters", mistake);
            }
        }

        return null;
    }

    /// <summary>The arguments, each hole filled within its argument.</summary>
    public IReadOnlyList<string> Arguments(StdioTemplate template) => [.. template.Arguments.Select(argument => Fill(template, argument))];

    public string Fill(StdioTemplate template, string text) =>
        Hole().Replace(text, hole => Parameters.GetValueOrDefault(hole.Groups["name"].Value) ?? template.Parameters[hole.Groups["name"].Value].Default ?? string.Empty);

    public static IEnumerable<string> Holes(string text) => Hole().Matches(text).Select(hole => hole.Groups["name"].Value);

    public static string? FindMistake(string name, StdioParameter rule, string value)
    {
        if (value.Length is 0 or > MaxValue || value.Any(char.IsControl) || !value.IsNormalized(NormalizationForm.FormC))
        {
            return $"The parameter '{name}' must be 1 to {MaxValue} characters, none of them a control character.";
        }

        if (rule.Values is { } values)
        {
            return values.Contains(value, StringComparer.Ordinal) ? null : $"The parameter '{name}' must be one of {string.Join(", ", values.Select(allowed => $"'{allowed}'"))}.";
        }

        var pattern = rule.Pattern is { } own ? new Regex($"\\A(?:{own})\\z", RegexOptions.NonBacktracking) : Plain();
        return pattern.IsMatch(value) ? null
            : rule.Pattern is null ? $"The parameter '{name}' must be 1 to 200 letters, digits and the characters . _ -, the first one no hyphen."
            : $"The parameter '{name}' must match the operator's pattern {rule.Pattern}";
    }

    [GeneratedRegex("\\{(?<name>[A-Za-z0-9_]{1,64})\\}", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Hole();

    [GeneratedRegex("\\A[A-Za-z0-9._][A-Za-z0-9._-]{0,199}\\z", RegexOptions.NonBacktracking)]
    private static partial Regex Plain();
}
