namespace McpPlatform.LocalHosting;

/// <summary>What the person in front of the terminal is told.</summary>
internal static class Report
{
    public static void Line(string text) => Console.Out.WriteLine(text);

    public static void Failure(Exception error) => Console.Error.WriteLine($"error: {error.Message.ReplaceLineEndings(" ")}");

    /// <summary>Says when everything is healthy, with a table of addresses; fails with one sentence when something never will be.</summary>
    public static async Task UntilHealthyAsync(
        DistributedApplicationBuilder builder, Dcp.ApplicationOrchestrator orchestrator, ResourceNotificationService notifications,
        CancellationToken cancellationToken)
    {
        await orchestrator.WhenAllHealthyAsync(cancellationToken);
        var rows = new List<(string Name, string Value)>();
        if (orchestrator.DashboardUrl is { } dashboard)
        {
            rows.Add(("Dashboard", dashboard));
        }

        foreach (var resource in builder.Resources.Where(one => one.Endpoints().Any(endpoint => endpoint.IsExternal)))
        {
            var urls = notifications.Of(resource.Name).FirstOrDefault()?.Urls ?? [];
            rows.AddRange(urls.Where(url => !url.IsInternal)
                .Select(url => (url.DisplayText ?? char.ToUpperInvariant(resource.Name[0]) + resource.Name[1..], url.Url)));
        }

        rows.AddRange(builder.Resources.OfType<ParameterResource>()
            .Where(parameter => parameter.Description is not null)
            .Select(parameter => (parameter.Name, parameter.Description!)));
        var width = rows.Max(row => row.Name.Length);
        Line("");
        foreach (var (name, value) in rows)
        {
            Line($"  {name.PadRight(width)}  {value}");
        }

        Line("");
        Line("Everything is healthy. Ctrl-C stops it.");
    }
}
