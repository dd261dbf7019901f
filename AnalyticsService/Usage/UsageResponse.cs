namespace McpPlatform.AnalyticsService.Usage;

/// <summary>Who or what was used how much in a range of time.</summary>
/// <typeparam name="TItem">Tools or users.</typeparam>
/// <param name="From">The beginning, inclusive.</param>
/// <param name="To">The end, exclusive.</param>
/// <param name="PendingMinutes">Minutes whose newest events are not counted yet: 0 except after an outage.</param>
/// <param name="Items">In the order that was asked for.</param>
internal sealed record UsageResponse<TItem>(DateTimeOffset From, DateTimeOffset To, int PendingMinutes, IReadOnlyList<TItem> Items);

/// <summary>The calls of a tool. Durations are in milliseconds, within 1 %; rates from 0 to 1.</summary>
/// <param name="Tool"><c>server/tool</c>.</param>
/// <param name="Server">The server's name in it.</param>
/// <param name="Calls">All calls.</param>
/// <param name="Denied">Those that never reached it.</param>
/// <param name="Failed">Those that did, in vain.</param>
/// <param name="ErrorRate">Failed calls per call.</param>
/// <param name="LastAt">The last call.</param>
internal sealed record ToolUsage(
    string Tool, string Server, long Calls, long Denied, long Failed, double ErrorRate, double? P50Ms, double? P95Ms, double? P99Ms, DateTimeOffset? LastAt);

/// <summary>What a user did. Durations are in milliseconds, within 1 %.</summary>
/// <param name="UserId">Who.</param>
/// <param name="Username">The name at the last request; null when nothing of it is kept.</param>
/// <param name="Requests">Requests through the Gateway.</param>
/// <param name="ClientErrors">Those answered with a 4xx.</param>
/// <param name="ServerErrors">Those answered with a 5xx.</param>
/// <param name="P95Ms">95 of 100 took no longer.</param>
/// <param name="ToolCalls">Calls of tools.</param>
/// <param name="ToolDenials">Those that were denied.</param>
/// <param name="ToolFailures">Those that failed.</param>
/// <param name="LastAt">The last request.</param>
internal sealed record UserUsage(
    Guid UserId, string? Username, long Requests, long ClientErrors, long ServerErrors, double? P95Ms, long ToolCalls, long ToolDenials, long ToolFailures, DateTimeOffset? LastAt);
