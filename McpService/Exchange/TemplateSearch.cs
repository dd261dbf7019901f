using System.Text.RegularExpressions;
using McpPlatform.McpService.Upstream.Stdio;

namespace McpPlatform.McpService.Exchange;

/// <summary>
/// Finds the operator's template that runs what an entry would run. The entry's own command, arguments and environment are compared and thrown away: what runs is the template.
/// </summary>
internal static class TemplateSearch
{
    public const string NoneSentence =
        "No template of the operator runs this command with these arguments. Nobody runs commands of their own choice here: an operator defines it (Stdio__Templates__NAME__Command, Stdio__Templates__NAME__Arguments__0, …), or the entry names one as \"mcpplatform\": {\"template\": \"NAME\"}.";

    /// <returns>The template that leaves the fewest parameters to the entry, and what stands in its holes; null when there is none.</returns>
    public static StdioLaunch? Find(EntryCommand run, StdioOptions options) =>
        options.Templates.Select(template => Match(run, template.Key, template.Value)).OfType<StdioLaunch>()
            .OrderBy(launch => launch.Parameters.Count).ThenBy(launch => launch.Template, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>The entry's variables that a process from the template does not get.</summary>
    public static IReadOnlyList<string> Unused(EntryCommand run, StdioTemplate template) =>
        [.. run.Environment.Where(variable => !IsTaken(template, variable.Key, variable.Value)).Select(variable => variable.Key).Order(StringComparer.Ordinal)];

    // Only a variable that is all hole is read: who could compare others would guess the operator's secrets.
    private static bool IsTaken(StdioTemplate template, string variable, string value) =>
        value.Length > 0 && !Placeholders.IsIn(value) && template.Environment.TryGetValue(variable, out var text)
        && StdioLaunch.Holes(text).ToList() is [var hole] && text == "{" + hole + "}";

    private static StdioLaunch? Match(EntryCommand run, string name, StdioTemplate template)
    {
        // Clients find "npx" on a path; the operator's templates say where it is.
        if (run.Arguments.Count != template.Arguments.Count || (run.Command != template.Command && run.Command != Path.GetFileName(template.Command)))
        {
            return null;
        }

        Dictionary<string, string> parameters = new(StringComparer.Ordinal);
        foreach (var (variable, value) in run.Environment.Where(variable => IsTaken(template, variable.Key, variable.Value)))
        {
            parameters[StdioLaunch.Holes(template.Environment[variable]).Single()] = value;
        }

        if (!template.Arguments.Zip(run.Arguments).All(pair => Fill(pair.First, pair.Second, parameters)))
        {
            return null;
        }

        StdioLaunch launch = new(name, parameters);
        return launch.Arguments(template).SequenceEqual(run.Arguments, StringComparer.Ordinal) ? launch : null;
    }

    // Values are looked at by the template's own rules when the server is registered.
    private static bool Fill(string pattern, string value, Dictionary<string, string> parameters)
    {
        var names = StdioLaunch.Holes(pattern).ToList();
        var expression = names.Distinct(StringComparer.Ordinal).Aggregate(
            Regex.Escape(pattern), (text, name) => text.Replace(Regex.Escape("{" + name + "}"), $"(?<{Group(name)}>.+)", StringComparison.Ordinal));
        var match = Regex.Match(value, $"\\A{expression}\\z", RegexOptions.NonBacktracking | RegexOptions.Singleline);
        foreach (var name in match.Success ? names : [])
        {
            parameters[name] = match.Groups[Group(name)].Value;
        }

        return match.Success;
    }

    // A group's name does not begin with a digit, a parameter's may.
    private static string Group(string name) => "p" + name;
}
