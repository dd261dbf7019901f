using System.ComponentModel;
using McpPlatform.AnalyticsService.Activities;
using McpPlatform.AnalyticsService.Rollups;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.Live;

/// <summary>What one replica stored within a second, as it tells the others.</summary>
internal sealed record LivePart(string Instance, long Requests, long ClientErrors, long ServerErrors, long ToolCalls, long FailedToolCalls, IReadOnlyDictionary<int, long> Latencies);

/// <summary>What came in during the last second.</summary>
/// <param name="At">When it was put together.</param>
/// <param name="Requests">Requests that ended.</param>
/// <param name="ClientErrors">Those of them that were answered with 4xx.</param>
/// <param name="ServerErrors">Those with 5xx.</param>
/// <param name="ErrorRate">The share of the latter, 0 to 1.</param>
/// <param name="P50Ms">The median of their durations, within 1 %.</param>
/// <param name="P95Ms">95 of 100 took no longer, within 1 %.</param>
/// <param name="ToolCalls">Calls of tools.</param>
/// <param name="FailedToolCalls">Those that failed or were denied.</param>
[Description("What came in during the last second, at all replicas.")]
internal sealed record LiveSnapshot(
    DateTimeOffset At, long Requests, long ClientErrors, long ServerErrors, double ErrorRate, double? P50Ms, double? P95Ms, long ToolCalls, long FailedToolCalls);

/// <summary>Counts what comes in until somebody takes the counts. A repetition counts again: this is a look at the traffic, not the record of it.</summary>
internal sealed class LiveTraffic
{
    private readonly Lock gate = new();
    private readonly LatencySketch latencies = new();
    private long requests, clientErrors, serverErrors, toolCalls, failedToolCalls;

    public void Add(IReadOnlyList<RequestCompleted> events)
    {
        lock (gate)
        {
            foreach (var request in events.Where(request => request is not null))
            {
                requests++;
                clientErrors += request.Status is >= 400 and < 500 ? 1 : 0;
                serverErrors += request.Status >= 500 ? 1 : 0;
                latencies.Add(request.DurationMs);
            }
        }
    }

    public void Add(IReadOnlyList<ActivityRecorded> events)
    {
        var calls = events.Where(one => one?.Action == UserActivity.ToolCall).ToList();
        lock (gate)
        {
            toolCalls += calls.Count;
            failedToolCalls += calls.Count(call => call.Outcome != ActivityOutcomes.Succeeded);
        }
    }

    public void Add(LivePart part)
    {
        lock (gate)
        {
            (requests, clientErrors, serverErrors) = (requests + part.Requests, clientErrors + part.ClientErrors, serverErrors + part.ServerErrors);
            (toolCalls, failedToolCalls) = (toolCalls + part.ToolCalls, failedToolCalls + part.FailedToolCalls);
            latencies.Add(new LatencySketch(part.Latencies));
        }
    }

    /// <summary>What was counted since it was last taken.</summary>
    public LivePart Take(string instance)
    {
        lock (gate)
        {
            var part = new LivePart(instance, requests, clientErrors, serverErrors, toolCalls, failedToolCalls, latencies.Counts);
            (requests, clientErrors, serverErrors, toolCalls, failedToolCalls) = (0, 0, 0, 0, 0);
            latencies.Clear();
            return part;
        }
    }
}
