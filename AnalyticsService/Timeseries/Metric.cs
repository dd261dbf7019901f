using McpPlatform.AnalyticsService.Rollups;

namespace McpPlatform.AnalyticsService.Timeseries;

/// <summary>A figure that has a course.</summary>
/// <param name="Name">As <c>metric</c> names it.</param>
/// <param name="Unit">What the numbers are.</param>
/// <param name="Source">What it is of.</param>
/// <param name="Value">The figure; null where there is none, such as the median of nothing.</param>
/// <param name="IsSpread">Whether it is a percentile.</param>
/// <param name="Largest">By which column values are the largest ones.</param>
internal sealed record Metric(string Name, string Unit, RollupSource Source, Func<Rollup, double?> Value, bool IsSpread = false, string Largest = "count")
{
    public static IReadOnlyDictionary<string, Metric> All { get; } = new List<Metric>
    ([
        new("requests", "requests", RollupSources.Requests, x => x.Count),
        new("client_errors", "requests", RollupSources.Requests, x => x.Refused, Largest: "refused"),
        new("server_errors", "requests", RollupSources.Requests, x => x.Failed, Largest: "failed"),
        new("error_rate", "share", RollupSources.Requests, x => x.FailedShare, Largest: "failed"),
        .. Percentiles("latency", "ms", RollupSources.Requests),
        new("request_bytes", "bytes", RollupSources.Requests, x => x.RequestBytes, Largest: "request_bytes"),
        new("response_bytes", "bytes", RollupSources.Requests, x => x.ResponseBytes, Largest: "response_bytes"),
        new(ActiveUsers, "users", RollupSources.Requests, x => x.Count),
        new("tool_calls", "calls", RollupSources.ToolCalls, x => x.Count),
        new("tool_denials", "calls", RollupSources.ToolCalls, x => x.Refused, Largest: "refused"),
        new("tool_failures", "calls", RollupSources.ToolCalls, x => x.Failed, Largest: "failed"),
        new("tool_error_rate", "share", RollupSources.ToolCalls, x => x.FailedShare, Largest: "failed"),
        .. Percentiles("tool_latency", "ms", RollupSources.ToolCalls),
        new("activities", "activities", RollupSources.Activities, x => x.Count),
        new("denials", "activities", RollupSources.Activities, x => x.Refused, Largest: "refused"),
        new("failures", "activities", RollupSources.Activities, x => x.Failed, Largest: "failed"),
        new("page_views", "views", RollupSources.PageViews, x => x.Count),
        new("server_checks", "checks", RollupSources.ServerChecks, x => x.Count),
        new("server_uptime", "share", RollupSources.ServerChecks, x => x.Count == 0 ? null : 1 - x.FailedShare),
        .. Percentiles("server_latency", "ms", RollupSources.ServerChecks),
        .. Percentiles("cpu", "percent", RollupSources.Cpu),
        .. Percentiles("memory", "MiB", RollupSources.Memory),
    ]).ToDictionary(metric => metric.Name, StringComparer.Ordinal);

    /// <summary>Counts users, not requests: it cannot be added up.</summary>
    public const string ActiveUsers = "active_users";

    /// <summary>What it can be grouped by.</summary>
    public IEnumerable<string> Dimensions =>
        Name == ActiveUsers ? [] : Source.Dimensions.Select(dimension => dimension.Name).Where(name => name is not (RollupSource.All or "error"));

    private static IEnumerable<Metric> Percentiles(string name, string unit, RollupSource source) =>
    [
        new($"{name}_avg", unit, source, x => x.Average, IsSpread: true), new($"{name}_p50", unit, source, x => x.Values.Percentile(0.5), IsSpread: true),
        new($"{name}_p95", unit, source, x => x.Values.Percentile(0.95), IsSpread: true), new($"{name}_p99", unit, source, x => x.Values.Percentile(0.99), IsSpread: true),
    ];
}
