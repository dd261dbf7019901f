namespace McpPlatform.Contracts.Messages;

/// <summary>
/// An observation: it never blocks or fails the request that it tells of, many of them travel in one message, and
/// what is dropped when there is nowhere to put it is counted.
/// </summary>
public interface ITelemetryEvent
{
    /// <summary>A UUIDv7: what the store recognises a repetition by.</summary>
    Guid EventId { get; }

    /// <summary>When it was observed, in UTC.</summary>
    DateTimeOffset OccurredAt { get; }
}

/// <summary>The message that carries telemetry events: one message on the broker costs more than one row in the store.</summary>
/// <typeparam name="TEvent">The events that it carries.</typeparam>
public interface ITelemetryBatch<out TEvent>
    where TEvent : ITelemetryEvent
{
    /// <summary>The events, oldest first.</summary>
    IReadOnlyList<TEvent> Events { get; }
}
