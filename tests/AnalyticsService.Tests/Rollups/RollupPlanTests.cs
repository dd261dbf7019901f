using McpPlatform.AnalyticsService.Rollups;

namespace McpPlatform.AnalyticsService.Tests.Rollups;

public sealed class RollupPlanTests
{
    private static readonly DateTimeOffset Day = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly KeptFrom Everything = new(Day.AddDays(-30), Day.AddDays(-30), Day.AddDays(-400), Day.AddDays(-1100));

    [Fact]
    public void A_month_is_a_few_days_hours_and_minutes()
    {
        var plan = RollupPlan.Make([new(Day.AddMinutes(-90.5), Day.AddDays(30).AddMinutes(61))], [(Grain.Minute, Day.AddDays(30).AddMinutes(60))], Everything);

        Assert.Equal([new(Day, Day.AddDays(30))], plan.Of(Grain.Day));
        Assert.Equal([new(Day.AddHours(-1), Day), new(Day.AddDays(30), Day.AddDays(30).AddHours(1))], plan.Of(Grain.Hour));
        Assert.Equal([new(Day.AddMinutes(-90), Day.AddHours(-1))], plan.Of(Grain.Minute));
        Assert.Equal([new(Day.AddMinutes(-90.5), Day.AddMinutes(-90)), new(Day.AddDays(30).AddMinutes(60), Day.AddDays(30).AddMinutes(61))], plan.Rows);
        Assert.Equal(0, plan.PendingMinutes);
    }

    [Fact]
    public void Where_minutes_are_not_kept_hours_are_cut_from_rows()
    {
        var kept = Everything with { Minutes = Day.AddDays(20) };

        var plan = RollupPlan.Make([new(Day.AddMinutes(30), Day.AddHours(3))], [(Grain.Hour, Day.AddHours(2))], kept);

        Assert.Empty(plan.Of(Grain.Minute));
        Assert.Equal([new(Day.AddHours(1), Day.AddHours(2))], plan.Of(Grain.Hour));
        Assert.Equal([new(Day.AddMinutes(30), Day.AddHours(1)), new(Day.AddHours(2), Day.AddHours(3))], plan.Rows);
    }

    [Fact]
    public void Of_many_marked_minutes_only_the_newest_are_read_from_rows()
    {
        var marks = Enumerable.Range(0, 600).Select(minute => (Grain.Minute, Day.AddMinutes(minute)));

        var plan = RollupPlan.Make([new(Day, Day.AddHours(10))], marks, Everything);

        Assert.Equal([new(Day.AddHours(9), Day.AddHours(10))], plan.Rows);
        Assert.Equal(540, plan.PendingMinutes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Every_moment_is_in_one_piece_that_is_fit_for_it(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            // Borders of what is asked for, at any second; some marks, few enough that none is left pending.
            var borders = Enumerable.Range(0, random.Next(2, 12)).Select(_ => Day.AddSeconds(random.Next(4 * 86_400))).Distinct().Order().ToList();
            var ranges = borders.Zip(borders.Skip(1), (start, end) => new TimeRange(start, end)).ToList();
            var marks = Enumerable.Range(0, random.Next(20))
                .Select(_ => (Grain)random.Next(3)).Select(grain => (grain, grain.Floor(Day.AddSeconds(random.Next(4 * 86_400))))).ToList();
            var kept = Everything with { Minutes = Day.AddDays(random.Next(4)) };

            var plan = RollupPlan.Make(ranges, marks, kept);

            var pieces = Grains.All.SelectMany(grain => plan.Of(grain).SelectMany(piece => Parts(piece, grain)).Select(part => (Grain: (Grain?)grain, Range: part)))
                .Concat(plan.Rows.Select(piece => (Grain: (Grain?)null, Range: piece))).OrderBy(piece => piece.Range.Start).ToList();
            Assert.Equal(ranges.FirstOrDefault().Start, pieces.FirstOrDefault().Range.Start);
            Assert.Equal(ranges.LastOrDefault().End, pieces.LastOrDefault().Range.End);
            Assert.All(pieces.Zip(pieces.Skip(1)), pair => Assert.Equal(pair.First.Range.End, pair.Second.Range.Start));
            Assert.All(pieces, piece => Assert.DoesNotContain(borders, border => border > piece.Range.Start && border < piece.Range.End));
            foreach (var (grain, range) in pieces.Where(piece => piece.Grain is not null))
            {
                Assert.Equal(range.Start, grain!.Value.Floor(range.Start));
                Assert.DoesNotContain(marks, mark => mark.grain <= grain && mark.Item2 >= range.Start && mark.Item2 < range.End);
                Assert.True(range.Start >= kept.Of(grain.Value));
            }
        }
    }

    private static IEnumerable<TimeRange> Parts(TimeRange piece, Grain grain)
    {
        Assert.Equal(0, piece.Length.Ticks % grain.Length().Ticks);
        for (var start = piece.Start; start < piece.End; start += grain.Length())
        {
            yield return new(start, start + grain.Length());
        }
    }
}
