namespace McpPlatform.Contracts.Messages;

/// <summary>
/// Many <see cref="ActivityRecorded"/> in one message, in their order: where much happens at once, a message of its own for each would cost the broker and its clients more than what it tells.
/// A consumer recognises a repetition by the id of each.
/// </summary>
public sealed record ActivitiesRecorded : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <summary>When the first of them happened, in UTC.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>What happened.</summary>
    public required IReadOnlyList<ActivityRecorded> Activities { get; init; }
}
