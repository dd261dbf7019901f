using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>The time that figures are asked of.</summary>
internal sealed record FiguresRange
{
    private const int MaxDays = 366;

    [FromQuery(Name = "from")]
    [Description("The earliest time, inclusive (RFC 3339); a day before the end when nothing is said.")]
    public DateTimeOffset? From { get; init; }

    [FromQuery(Name = "to")]
    [Description("The latest time, exclusive (RFC 3339); now when nothing is said.")]
    public DateTimeOffset? To { get; init; }

    /// <summary>Checks it.</summary>
    /// <param name="now">The current time.</param>
    /// <param name="range">The range in UTC.</param>
    /// <param name="problem">What is wrong with it.</param>
    public bool TryRead(DateTimeOffset now, out TimeRange range, [NotNullWhen(false)] out ValidationProblem? problem)
    {
        // The database counts microseconds: what is less could never be compared.
        var end = Microseconds(To ?? now);
        var start = end < DateTimeOffset.UnixEpoch ? end : Microseconds(From ?? end.AddDays(-1));
        range = new(start, end);
        problem = end < DateTimeOffset.UnixEpoch ? ProblemExtensions.Invalid("to", "to must not be earlier than 1970.")
            : start >= end ? ProblemExtensions.Invalid("from", "from must be earlier than to, which is now when nothing is said.")
            : range.Length > TimeSpan.FromDays(MaxDays) ? ProblemExtensions.Invalid("from", "from must be at most 366 days earlier than to, which is now when nothing is said.")
            : null;
        return problem is null;
    }

    private static DateTimeOffset Microseconds(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}

internal static class TimeRangeExtensions
{
    /// <summary>The range that there are figures of: where rows are not kept any more, hours or days are the shortest, and its ends move to theirs.</summary>
    public static TimeRange Within(this TimeRange range, KeptFrom kept)
    {
        var start = kept.FinestAt(range.Start) is { } grain ? grain.Floor(range.Start) : range.Start;
        var end = kept.FinestAt(range.End) is { } last && last.Floor(range.End) != range.End ? last.Floor(range.End) + last.Length() : range.End;
        return new(start, end);
    }
}
