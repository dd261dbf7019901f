namespace McpPlatform.AnalyticsService.Live;

/// <summary>
/// How durations are spread, in logarithmic buckets: a percentile taken from it is at most 1 % off, and sketches add up to the sketch of all that they were made of. The mapping
/// is that of DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019).
/// </summary>
internal sealed class LatencySketch
{
    /// <summary>How far a percentile may be off, as a share of its value.</summary>
    public const double Accuracy = 0.01;

    private const double Gamma = (1 + Accuracy) / (1 - Accuracy), Least = 0.001, Most = 1e9;
    private static readonly double LogOfGamma = Math.Log(Gamma);
    private readonly SortedDictionary<int, long> buckets;

    public LatencySketch() => buckets = [];

    public LatencySketch(IReadOnlyDictionary<int, long> counts) => buckets = new(counts.ToDictionary());

    public IReadOnlyDictionary<int, long> Counts => buckets;

    public long Count => buckets.Values.Sum();

    /// <summary>Adds a duration in milliseconds; what is below a microsecond, or no number, counts as one.</summary>
    public void Add(double milliseconds) => Add((int)Math.Ceiling(Math.Log(double.IsNaN(milliseconds) ? Least : Math.Clamp(milliseconds, Least, Most)) / LogOfGamma), 1);

    public void Add(LatencySketch other)
    {
        foreach (var (bucket, count) in other.buckets)
        {
            Add(bucket, count);
        }
    }

    public void Clear() => buckets.Clear();

    /// <summary>The value that this share (0 to 1) of all is not above, in milliseconds; null of nothing.</summary>
    public double? Percentile(double share)
    {
        var left = (long)Math.Ceiling(share * Count);
        foreach (var (bucket, count) in buckets)
        {
            if ((left -= count) <= 0)
            {
                return 2 * Math.Pow(Gamma, bucket) / (Gamma + 1);
            }
        }

        return null;
    }

    private void Add(int bucket, long count) => buckets[bucket] = buckets.GetValueOrDefault(bucket) + count;
}
