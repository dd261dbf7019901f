namespace McpPlatform.AnalyticsService.Timeseries;

/// <summary>The course of a figure.</summary>
/// <param name="Metric">Which one.</param>
/// <param name="Unit">What its numbers are: ms, a share from 0 to 1, bytes, …</param>
/// <param name="Bucket">How long a step is.</param>
/// <param name="TimeZone">Where its days are those of the calendar.</param>
/// <param name="From">The beginning, inclusive: that of the first step.</param>
/// <param name="To">The end, exclusive.</param>
/// <param name="GroupBy">What the series differ in; null for one series of everything.</param>
/// <param name="PendingMinutes">Minutes whose newest events are not counted yet: 0 except after an outage.</param>
/// <param name="Series">The largest first.</param>
internal sealed record TimeseriesResponse(
    string Metric, string Unit, string Bucket, string TimeZone, DateTimeOffset From, DateTimeOffset To, string? GroupBy, int PendingMinutes, IReadOnlyList<Series> Series);

/// <summary>One course.</summary>
/// <param name="Group">Whose: the value of what was grouped by.</param>
/// <param name="Label">A name for it, where the value is an id.</param>
/// <param name="Total">The figure of the whole range; null where there is none.</param>
/// <param name="Points">One of each step.</param>
internal sealed record Series(string? Group, string? Label, double? Total, IReadOnlyList<Point> Points);

/// <summary>One step.</summary>
/// <param name="At">When it begins.</param>
/// <param name="Value">Its figure; null where there is none, such as the median of nothing.</param>
internal sealed record Point(DateTimeOffset At, double? Value);
