namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>How long the range of a rollup is; the numbers are stored.</summary>
internal enum Grain : short
{
    Minute = 0,
    Hour = 1,
    Day = 2,
}

internal static class Grains
{
    /// <summary>From the coarsest to the finest.</summary>
    public static IReadOnlyList<Grain> All { get; } = [Grain.Day, Grain.Hour, Grain.Minute];

    public static TimeSpan Length(this Grain grain) => grain switch
    {
        Grain.Day => TimeSpan.FromDays(1),
        Grain.Hour => TimeSpan.FromHours(1),
        _ => TimeSpan.FromMinutes(1),
    };

    /// <summary>The beginning of the range that holds this time. Days are UTC's.</summary>
    public static DateTimeOffset Floor(this Grain grain, DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % grain.Length().Ticks), TimeSpan.Zero);
}
