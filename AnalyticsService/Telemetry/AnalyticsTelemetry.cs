using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace McpPlatform.AnalyticsService.Telemetry;

/// <summary>What this service counts beyond its requests; <c>table</c> is one of a handful of names.</summary>
internal sealed class AnalyticsTelemetry
{
    public const string Name = "McpPlatform.Analytics";

    private static readonly ActivitySource Source = new(Name);
    private readonly Counter<long> stored;
    private readonly Counter<long> repeated;
    private readonly Counter<long> leftOut;
    private readonly Counter<long> rejected;
    private readonly Histogram<int> batchSize;
    private readonly Histogram<double> lag;

    public AnalyticsTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        stored = meter.CreateCounter<long>("mcpplatform.analytics.stored", description: "Events stored.");
        repeated = meter.CreateCounter<long>("mcpplatform.analytics.repeated", description: "Events that came again and were stored already.");
        leftOut = meter.CreateCounter<long>("mcpplatform.analytics.left_out", description: "Events older than what is kept.");
        rejected = meter.CreateCounter<long>("mcpplatform.analytics.rejected", description: "Events that could not be stored, and were put aside.");
        batchSize = meter.CreateHistogram<int>("mcpplatform.analytics.batch_size", description: "Events in one write.");
        lag = meter.CreateHistogram<double>("mcpplatform.analytics.lag", "s", "From the oldest event of a write to its commit.");
    }

    /// <summary>A span around a write; its parent is the consumer's, which belongs to the trace of whoever published.</summary>
    public static Activity? StartStoring(string table, int events) =>
        Source.StartActivity($"store {table}")?.SetTag("db.collection.name", table).SetTag("db.operation.batch.size", events);

    public void Stored(string table, int events, int stored, TimeSpan lag)
    {
        var tag = new KeyValuePair<string, object?>("table", table);
        this.stored.Add(stored, tag);
        repeated.Add(events - stored, tag);
        batchSize.Record(events, tag);
        this.lag.Record(lag.TotalSeconds, tag);
    }

    public void Rejected(string table) => rejected.Add(1, new KeyValuePair<string, object?>("table", table));

    public void LeftOut(string table, int events) => leftOut.Add(events, new KeyValuePair<string, object?>("table", table));
}
