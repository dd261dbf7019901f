using McpPlatform.AnalyticsService.Rollups;

namespace McpPlatform.AnalyticsService.Timeseries;

/// <summary>The steps of a course.</summary>
/// <param name="Name">As <c>bucket</c> names it.</param>
/// <param name="Length">How long it is; days of a time zone that changes its clock are an hour shorter or longer.</param>
internal sealed record BucketSize(string Name, TimeSpan Length)
{
    /// <summary>From the shortest to the longest.</summary>
    public static IReadOnlyList<BucketSize> All { get; } =
    [
        new("1m", TimeSpan.FromMinutes(1)), new("5m", TimeSpan.FromMinutes(5)), new("15m", TimeSpan.FromMinutes(15)), new("1h", TimeSpan.FromHours(1)), new("6h", TimeSpan.FromHours(6)),
        new("1d", TimeSpan.FromDays(1)), new("7d", TimeSpan.FromDays(7)),
    ];

    /// <summary>The size of this name; <c>minute</c>, <c>hour</c> and <c>day</c> are names too.</summary>
    public static BucketSize? Of(string name) =>
        All.SingleOrDefault(size => size.Name == (name switch { "minute" => "1m", "hour" => "1h", "day" => "1d", "week" => "7d", _ => name }));

    /// <summary>The shortest that makes at most this many of a range, and that there are figures of.</summary>
    public static BucketSize For(TimeRange range, int count, TimeSpan finest) =>
        All.FirstOrDefault(size => size.Length >= finest && range.Length / size.Length <= count) ?? All[^1];

    /// <summary>
    /// The steps of a range, the first of them whole. Up to an hour they are those of UTC; longer ones begin with the day of the time zone, weeks with its Monday (ISO 8601).
    /// </summary>
    public IEnumerable<TimeRange> Steps(TimeRange range, TimeZoneInfo zone)
    {
        // The clock on the wall is what is counted on; each of its times is looked up.
        var clock = Length <= TimeSpan.FromHours(1) ? TimeZoneInfo.Utc : zone;
        var wall = Floor(TimeZoneInfo.ConvertTime(range.Start, clock).DateTime);
        for (var start = InZone(wall, clock); start < range.End;)
        {
            wall += Length;
            var next = InZone(wall, clock);
            yield return new(start, next < range.End ? next : range.End);
            start = next;
        }
    }

    private DateTime Floor(DateTime wall) =>
        Length < TimeSpan.FromDays(1) ? wall.Date.AddTicks(wall.TimeOfDay.Ticks / Length.Ticks * Length.Ticks)
        : Length == TimeSpan.FromDays(1) ? wall.Date
        : wall.Date.AddDays(-(((int)wall.DayOfWeek + 6) % 7));

    // A time that the clock skips is the moment when it does.
    private static DateTimeOffset InZone(DateTime wall, TimeZoneInfo zone)
    {
        var plain = DateTime.SpecifyKind(wall, DateTimeKind.Unspecified);
        while (zone.IsInvalidTime(plain))
        {
            plain = plain.AddMinutes(15);
        }

        // Of a time that comes twice, the first.
        var offset = zone.IsAmbiguousTime(plain) ? zone.GetAmbiguousTimeOffsets(plain).Max() : zone.GetUtcOffset(plain);
        return new DateTimeOffset(plain, offset).ToUniversalTime();
    }
}
