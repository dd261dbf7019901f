namespace McpPlatform.AnalyticsService.Summary;

/// <summary>What happened in a range of time. Durations are in milliseconds, rates from 0 to 1.</summary>
/// <param name="From">The beginning, inclusive.</param>
/// <param name="To">The end, exclusive.</param>
/// <param name="Requests">Requests through the Gateway.</param>
/// <param name="ClientErrors">Those answered with a 4xx.</param>
/// <param name="ServerErrors">Those answered with a 5xx.</param>
/// <param name="ErrorRate">Server errors per request; 0 when there were none.</param>
/// <param name="P50Ms">Half of the requests took no longer, within 1 %; null when there were none.</param>
/// <param name="P95Ms">95 of 100 took no longer.</param>
/// <param name="P99Ms">99 of 100 took no longer.</param>
/// <param name="ActiveUsers">Different users who made requests.</param>
/// <param name="ToolCalls">Calls of tools.</param>
/// <param name="PendingMinutes">Minutes whose newest events are not counted yet: 0 except after an outage.</param>
/// <param name="TopEndpoints">The ten that were asked most.</param>
/// <param name="TopTools">The ten that were called most.</param>
/// <param name="Servers">Every MCP server that was checked in the last day of the range, with its last status, by name; 200 at most.</param>
internal sealed record SummaryResponse(
    DateTimeOffset From,
    DateTimeOffset To,
    long Requests,
    long ClientErrors,
    long ServerErrors,
    double ErrorRate,
    double? P50Ms,
    double? P95Ms,
    double? P99Ms,
    long ActiveUsers,
    long ToolCalls,
    int PendingMinutes,
    IReadOnlyList<EndpointSummary> TopEndpoints,
    IReadOnlyList<ToolSummary> TopTools,
    IReadOnlyList<ServerSummary> Servers);

/// <summary>The route is null for requests that matched none.</summary>
internal sealed record EndpointSummary(string Method, string? Route, long Requests, long ServerErrors, double? P95Ms);

/// <summary>The tool is <c>server/tool</c>; denied calls never reached it, failed ones did.</summary>
internal sealed record ToolSummary(string Tool, long Calls, long Denied, long Failed, double? P95Ms);

/// <summary>The last check of a server.</summary>
internal sealed record ServerSummary(
    Guid ServerId, string ServerName, string Status, double LatencyMs, int? ToolCount, string? Error, DateTimeOffset CheckedAt);
