namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>
/// How values (durations in milliseconds, mostly) are spread, in logarithmic buckets: a percentile taken from it is at most 1 % off, and sketches add up to the sketch of all
/// that they were made of. The mapping is that of DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019).
/// </summary>
internal sealed class LatencySketch
{
    /// <summary>How far a percentile may be off, as a share of its value.</summary>
    public const double Accuracy = 0.01;

    /// <summary>What is less counts as this, what is more as that: a nanosecond and eleven days, in milliseconds.</summary>
    public const double Least = 0.001, Most = 1e9;

    /// <summary>The quotient of a bucket's upper bounds and that of the bucket before.</summary>
    public const double Gamma = (1 + Accuracy) / (1 - Accuracy);

    private const int Margin = 32;
    private static readonly double LogOfGamma = Math.Log(Gamma);
    private static readonly int First = BucketOf(Least), Last = BucketOf(Most);
    private long[] counts = [];
    private int offset;

    public LatencySketch()
    {
    }

    public LatencySketch(IReadOnlyDictionary<int, long> counts)
    {
        foreach (var (bucket, count) in counts)
        {
            Add(bucket, count);
        }
    }

    public long Count { get; private set; }

    /// <summary>The buckets that hold something.</summary>
    public IReadOnlyDictionary<int, long> Counts =>
        counts.Select((count, index) => (Bucket: index + offset, Count: count)).Where(pair => pair.Count > 0).ToDictionary(pair => pair.Bucket, pair => pair.Count);

    /// <summary>Adds a value; what is no number counts as <see cref="Least"/>.</summary>
    public void Add(double value) => Add(BucketOf(value), 1);

    /// <summary>Adds what is in a bucket. Buckets that no value falls into, as of another version or a wrong message, count as the nearest.</summary>
    public void Add(int bucket, long count)
    {
        if (count > 0)
        {
            var index = IndexOf(Math.Clamp(bucket, First, Last));
            counts[index] += count;
            Count += count;
        }
    }

    public void Add(LatencySketch other)
    {
        for (var index = 0; index < other.counts.Length; index++)
        {
            Add(index + other.offset, other.counts[index]);
        }
    }

    public void Clear() => (counts, offset, Count) = ([], 0, 0);

    /// <summary>The value that this share (0 to 1) of all is not above; null of nothing.</summary>
    public double? Percentile(double share)
    {
        var left = Math.Max(1, (long)Math.Ceiling(share * Count));
        for (var index = 0; index < counts.Length; index++)
        {
            if ((left -= counts[index]) <= 0)
            {
                return 2 * Math.Pow(Gamma, index + offset) / (Gamma + 1);
            }
        }

        return null;
    }

    private static int BucketOf(double value) => (int)Math.Ceiling(Math.Log(double.IsNaN(value) ? Least : Math.Clamp(value, Least, Most)) / LogOfGamma);

    // Room for the buckets from the lowest to the highest that were used, with a margin so that it seldom grows.
    private int IndexOf(int bucket)
    {
        if (counts.Length == 0)
        {
            (counts, offset) = (new long[(2 * Margin) + 1], bucket - Margin);
        }
        else if (bucket < offset || bucket >= offset + counts.Length)
        {
            var (first, end) = (Math.Min(offset, bucket - Margin), Math.Max(offset + counts.Length, bucket + Margin));
            var wider = new long[end - first];
            counts.CopyTo(wider, offset - first);
            (counts, offset) = (wider, first);
        }

        return bucket - offset;
    }
}
