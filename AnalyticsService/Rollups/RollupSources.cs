using McpPlatform.AnalyticsService.Activities;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>
/// Everything that is rolled up. Whoever changes what is counted adds a migration that marks all minutes of the table (<see cref="RollupMark"/>): they are then counted anew.
/// </summary>
internal static class RollupSources
{
    /// <summary>Values are part of an index, whose entries PostgreSQL limits to 2,700 bytes.</summary>
    private const int MaxValueLength = 512;

    public static RollupSource Requests { get; } = new()
    {
        Name = "requests", Table = "request_logs", Value = "duration_ms", Refused = "status BETWEEN 400 AND 499", Failed = "status >= 500",
        RequestBytes = "coalesce(request_bytes, 0)", ResponseBytes = "coalesce(response_bytes, 0)",
        Dimensions =
        [
            Everything, new("service", "service"), new("route", "route"), new("endpoint", "jsonb_build_array(method, route)::text"), new("status_class", "(status / 100)::text || 'xx'"),
            new("user", "user_id::text"), new("error", "CASE WHEN status >= 400 OR error IS NOT NULL THEN jsonb_build_array(status, error, service, method, route)::text END"),
        ],
    };

    public static RollupSource ToolCalls { get; } = new()
    {
        Name = "tool_calls", Table = "user_activities", Where = $"action = '{UserActivity.ToolCall}'", Value = "duration_ms", Refused = "outcome = 'denied'", Failed = "outcome = 'failed'",
        Dimensions = [Everything, new("server", "split_part(target, '/', 1)"), new("tool", Cut("target")), new("outcome", "outcome"), new("user", "user_id::text")],
    };

    public static RollupSource Activities { get; } = new()
    {
        Name = "activities", Table = "user_activities", Value = "duration_ms", Refused = "outcome = 'denied'", Failed = "outcome = 'failed'",
        Dimensions = [Everything, new("service", "service"), new("action", "action"), new("outcome", "outcome")],
    };

    public static RollupSource PageViews { get; } = new()
    {
        Name = "page_views", Table = "page_views", Value = "duration_ms", Dimensions = [Everything, new("path", Cut("path")), new("user", "user_id::text")],
    };

    public static RollupSource ServerChecks { get; } = new()
    {
        Name = "server_checks", Table = "mcp_server_status", Value = "latency_ms", Refused = "status = 'degraded'", Failed = "status = 'unhealthy'",
        Dimensions = [Everything, new("server", "server_id::text")],
    };

    public static RollupSource Cpu { get; } = new()
    {
        Name = "cpu", Table = "system_metrics", Value = "cpu_percent", Dimensions = [Everything, new("service", "service"), new("instance", "instance")],
    };

    public static RollupSource Memory { get; } = new()
    {
        Name = "memory", Table = "system_metrics", Value = "working_set_bytes / 1048576.0::double precision",
        Dimensions = [Everything, new("service", "service"), new("instance", "instance")],
    };

    public static IReadOnlyList<RollupSource> All { get; } = [Requests, ToolCalls, Activities, PageViews, ServerChecks, Cpu, Memory];

    private static RollupDimension Everything => new(RollupSource.All, "''");

    /// <summary>What is counted of a table.</summary>
    public static IReadOnlyList<RollupSource> Of(string table) => [.. All.Where(source => source.Table == table)];

    private static string Cut(string column) => $"left({column}, {MaxValueLength})";
}
