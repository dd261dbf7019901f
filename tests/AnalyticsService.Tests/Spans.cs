using System.Collections.Concurrent;
using System.Diagnostics;

namespace McpPlatform.AnalyticsService.Tests;

/// <summary>Listens to the spans of this process, as OpenTelemetry would.</summary>
internal sealed class Spans : IDisposable
{
    private readonly ConcurrentQueue<Activity> ended = new();
    private readonly ActivityListener listener;

    public Spans(string sourcePrefix)
    {
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "MassTransit" || source.Name.StartsWith(sourcePrefix, StringComparison.Ordinal),
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
    }

    /// <summary>Waits until a trace holds as many spans of a name.</summary>
    public async Task WaitAsync(string name, ActivityTraceId trace, int count)
    {
        for (var attempt = 0; attempt < 500; attempt++)
        {
            if (ended.Count(span => span.OperationName == name && span.TraceId == trace) == count)
            {
                return;
            }

            await Task.Delay(20);
        }

        Assert.Fail($"No {count} spans '{name}' in the trace among {string.Join(", ", ended.Select(span => span.OperationName).Distinct())}.");
    }

    public void Dispose() => listener.Dispose();
}
