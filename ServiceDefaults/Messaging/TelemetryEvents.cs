using System.Diagnostics.Metrics;
using System.Threading.Channels;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>Where telemetry events are put down: a bounded queue in memory. Recording costs nanoseconds and cannot fail.</summary>
/// <typeparam name="TEvent">The event.</typeparam>
public sealed class TelemetryEvents<TEvent>
    where TEvent : class, ITelemetryEvent
{
    /// <summary>How many events wait at most; beyond it the oldest are dropped and counted.</summary>
    internal const int Capacity = 10_000;

    private readonly KeyValuePair<string, object?> kind = new("event", typeof(TEvent).Name);
    private readonly Counter<long> dropped;
    private readonly Channel<TEvent> channel;

    /// <summary>Creates the queue.</summary>
    /// <param name="meters">For the number of dropped events.</param>
    public TelemetryEvents(IMeterFactory meters)
    {
        dropped = meters.Create("McpPlatform.Telemetry")
            .CreateCounter<long>("mcpplatform.telemetry.dropped", description: "Events dropped because the queue was full, or because they cannot be written as JSON.");
        channel = Channel.CreateBounded<TEvent>(
            new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => dropped.Add(1, kind));
    }

    internal ChannelReader<TEvent> Reader => channel.Reader;

    /// <summary>Records an event.</summary>
    /// <param name="telemetryEvent">What was observed.</param>
    public void Record(TEvent telemetryEvent) => channel.Writer.TryWrite(telemetryEvent);

    internal void Drop(int count) => dropped.Add(count, kind);

    internal void Complete() => channel.Writer.TryComplete();
}
