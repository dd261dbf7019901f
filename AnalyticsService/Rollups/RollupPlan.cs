using System.Runtime.InteropServices;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>Some time, from its beginning to before its end.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TimeRange(DateTimeOffset Start, DateTimeOffset End)
{
    public TimeSpan Length => End - Start;
}

/// <summary>From when on there is anything to read.</summary>
/// <param name="Rows">Rows of events.</param>
/// <param name="Minutes">Rollups of minutes; and so on.</param>
internal sealed record KeptFrom(DateTimeOffset Rows, DateTimeOffset Minutes, DateTimeOffset Hours, DateTimeOffset Days)
{
    public DateTimeOffset Of(Grain grain) => grain switch
    {
        Grain.Day => Days,
        Grain.Hour => Hours,
        _ => Minutes,
    };

    /// <summary>Whether rows, or minutes, or else hours tell about this time: the finest range that can be asked for.</summary>
    public Grain? FinestAt(DateTimeOffset time) => time >= Rows ? null : time >= Minutes ? Grain.Minute : time >= Hours ? Grain.Hour : Grain.Day;
}

/// <summary>Which parts of a range are read from which rollups, and which from rows of events: as few pieces as possible, none twice, none left out.</summary>
internal sealed class RollupPlan
{
    /// <summary>Rows of more minutes than these are not read.</summary>
    private const int MostMinutesOfRows = 60;

    private readonly Dictionary<Grain, List<TimeRange>> pieces = Grains.All.ToDictionary(grain => grain, _ => new List<TimeRange>());
    private readonly Dictionary<Grain, HashSet<DateTimeOffset>> dirty = Grains.All.ToDictionary(grain => grain, _ => new HashSet<DateTimeOffset>());
    private readonly KeptFrom kept;

    private RollupPlan(IEnumerable<(Grain Grain, DateTimeOffset Bucket)> marks, KeptFrom kept)
    {
        this.kept = kept;

        // A mark makes unfit what it lies in, too. Of very many only the newest minutes are read from rows, as after a long outage: the rest is told as it is known.
        var all = marks.ToList();
        var minutes = all.Where(mark => mark.Grain == Grain.Minute).Select(mark => mark.Bucket).Distinct().OrderDescending().ToList();
        PendingMinutes = Math.Max(0, minutes.Count - MostMinutesOfRows);
        foreach (var (grain, bucket) in all.Where(mark => mark.Grain != Grain.Minute).Concat(minutes.Take(MostMinutesOfRows).Select(minute => (Grain.Minute, minute))))
        {
            foreach (var coarser in Grains.All.Where(other => other >= grain))
            {
                dirty[coarser].Add(coarser.Floor(bucket));
            }
        }
    }

    /// <summary>Minutes whose events are not, or not all, among what the plan reads.</summary>
    public int PendingMinutes { get; }

    /// <summary>What is read from rows of events.</summary>
    public List<TimeRange> Rows { get; } = [];

    public IReadOnlyList<TimeRange> Of(Grain grain) => pieces[grain];

    /// <summary>Makes the plan.</summary>
    /// <param name="ranges">What is asked for, one behind the other: no piece is in two of them.</param>
    /// <param name="marks">What is not rolled up yet (<see cref="RollupMark"/>).</param>
    /// <param name="kept">From when on there are rollups.</param>
    public static RollupPlan Make(IEnumerable<TimeRange> ranges, IEnumerable<(Grain Grain, DateTimeOffset Bucket)> marks, KeptFrom kept)
    {
        var plan = new RollupPlan(marks, kept);
        foreach (var range in ranges)
        {
            plan.Add(range);
        }

        return plan;
    }

    private void Add(TimeRange range)
    {
        for (var time = range.Start; time < range.End;)
        {
            var grain = Grains.All.Where(grain => IsFit(grain, time, range.End)).Select(grain => (Grain?)grain).FirstOrDefault();
            var end = grain is { } found ? time + found.Length() : Earlier(Grain.Minute.Floor(time).AddMinutes(1), range.End);
            Append(grain is { } fit ? pieces[fit] : Rows, new(time, end), range.Start);
            time = end;
        }
    }

    private bool IsFit(Grain grain, DateTimeOffset time, DateTimeOffset end) =>
        grain.Floor(time) == time && time + grain.Length() <= end && time >= kept.Of(grain) && !dirty[grain].Contains(time);

    // Adjacent pieces become one, except over the border of what was asked for: what is counted from rows is told by the beginning of its piece.
    private static void Append(List<TimeRange> list, TimeRange piece, DateTimeOffset border)
    {
        if (list.Count > 0 && list[^1].End == piece.Start && piece.Start != border)
        {
            list[^1] = new(list[^1].Start, piece.End);
        }
        else
        {
            list.Add(piece);
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
