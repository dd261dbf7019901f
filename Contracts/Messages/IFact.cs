namespace McpPlatform.Contracts.Messages;

/// <summary>
/// Something that happened and must not be lost: written to the outbox in the transaction of the change, published
/// with confirms, applied once by each consumer. Facts only ever gain properties; a breaking change is a new name.
/// </summary>
public interface IFact
{
    /// <summary>A UUIDv7, and the message's id on the broker: what consumers recognise a repetition by.</summary>
    Guid EventId { get; }

    /// <summary>When it happened, in UTC.</summary>
    DateTimeOffset OccurredAt { get; }
}
