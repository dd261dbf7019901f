using System.Runtime.InteropServices;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>What many rows come to: it adds up, in any order, to the same.</summary>
internal sealed class Rollup
{
    public long Count { get; private set; }

    /// <summary>4xx of requests, denied activities, checks of a degraded server.</summary>
    public long Refused { get; private set; }

    /// <summary>5xx of requests, failed activities, checks of an unhealthy server.</summary>
    public long Failed { get; private set; }

    /// <summary>The sum of the values that are in <see cref="Values"/>.</summary>
    public double Total { get; private set; }

    public long RequestBytes { get; private set; }

    public long ResponseBytes { get; private set; }

    /// <summary>When the newest of the rows happened.</summary>
    public DateTimeOffset? LastAt { get; private set; }

    /// <summary>Durations in milliseconds; percent or mebibytes of system metrics.</summary>
    public LatencySketch Values { get; } = new();

    public double? Average => Values.Count == 0 ? null : Total / Values.Count;

    /// <summary>The share that failed, 0 to 1; 0 of nothing.</summary>
    public double FailedShare => Count == 0 ? 0 : (double)Failed / Count;

    public void Add(Rollup other)
    {
        if (other.LastAt is not { } last)
        {
            return;
        }

        Add(new RollupRow(default, string.Empty, other.Count, other.Refused, other.Failed, other.Total, other.RequestBytes, other.ResponseBytes, last, []));
        Values.Add(other.Values);
    }

    public void Add(RollupRow row)
    {
        Count += row.Count;
        Refused += row.Refused;
        Failed += row.Failed;
        Total += row.Total;
        RequestBytes += row.RequestBytes;
        ResponseBytes += row.ResponseBytes;
        LastAt = LastAt > row.LastAt ? LastAt : row.LastAt;
        SketchFormat.AddTo(Values, row.Sketch);
    }
}

/// <summary>One row as it is stored, or as it would be of rows that are not rolled up yet.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RollupRow(
    DateTimeOffset Bucket, string Value, long Count, long Refused, long Failed, double Total, long RequestBytes, long ResponseBytes, DateTimeOffset LastAt, byte[] Sketch);
