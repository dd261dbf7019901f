using System.Text.Json;
using System.Text.RegularExpressions;
using McpPlatform.TestSupport;

namespace McpPlatform.Architecture.Tests;

/// <summary>The dashboard and the alerts that operators are given ask for metrics that there are.</summary>
public sealed partial class DashboardTests
{
    private static readonly string[] Labels = ["mcpplatform_server", "mcpplatform_outcome", "http_route", "http_response_status_code"];

    [Theory]
    [InlineData("deploy/grafana/mcpplatform.json")]
    [InlineData("deploy/prometheus/alerts.yml")]
    public void Every_metric_exists(string file)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, file));
        string[] known = [.. OwnMetrics(), .. FrameworkMetrics.Names];

        var asked = Names().Matches(text).Select(match => match.Value).Except(Labels, StringComparer.Ordinal).Distinct(StringComparer.Ordinal).ToList();

        Assert.InRange(asked.Count, 5, 100);
        Assert.All(asked, name => Assert.Contains(name, known));
    }

    [Fact]
    public void Every_panel_has_its_own_place_and_asks_the_chosen_data_source()
    {
        using var board = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "deploy/grafana/mcpplatform.json")));
        var panels = board.RootElement.GetProperty("panels").EnumerateArray().ToList();
        var places = panels.Select(panel => panel.GetProperty("gridPos")).Select(at => (at.GetProperty("x").GetInt32(), at.GetProperty("y").GetInt32())).ToList();

        Assert.Equal(places.Count, places.Distinct().Count());
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels.Where(panel => panel.GetProperty("type").GetString() != "row"), panel =>
        {
            Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
            Assert.NotEmpty(panel.GetProperty("targets").EnumerateArray());
            Assert.False(string.IsNullOrEmpty(panel.GetProperty("description").GetString()));
        });
    }

    // As OpenTelemetry's exporter names them: dots become underscores, the unit and "total" stand behind.
    private static IEnumerable<string> OwnMetrics()
    {
        foreach (var source in Repository.Sources([.. Repository.Services, "ServiceDefaults"]).Select(File.ReadAllText))
        {
            foreach (Match match in Instruments().Matches(source))
            {
                var unit = Unit().Match(match.Groups["rest"].Value) is { Success: true } found ? found.Groups["unit"].Value == "s" ? "_seconds" : "_bytes" : string.Empty;
                var name = match.Groups["name"].Value.Replace('.', '_') + unit;
                string[] names = match.Groups["kind"].Value switch
                {
                    "Counter" => [name + "_total"],
                    "Histogram" => [name + "_bucket", name + "_sum", name + "_count"],
                    _ => [name],
                };
                foreach (var one in names)
                {
                    yield return one;
                }
            }
        }
    }

    [GeneratedRegex("""\b(mcpplatform|mcp|http|dotnet|kestrel|db)_[a-z_]+\b""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Names();

    [GeneratedRegex("""Create(?<kind>Counter|Histogram|ObservableGauge)(<\w+>)?\(\s*"(?<name>[a-z_.]+)"(?<rest>[^;]*);""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Instruments();

    [GeneratedRegex(""",\s*"(?<unit>s|By)",""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unit();
}
