namespace McpPlatform.Contracts.Messages;

/// <summary>
/// The keys that access tokens may be signed with are others than before: one was published, one removed. Every process that validates tokens learns it
/// by itself within two seconds, also when this fact is late; the fact is for whoever keeps copies of the keys elsewhere.
/// </summary>
public sealed record SigningKeysChanged : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The <c>kid</c> of every key that is valid now.</summary>
    public required IReadOnlyList<string> KeyIds { get; init; }

    /// <summary>Why: <c>rotated</c>, <c>expired</c>, <c>removed</c>.</summary>
    public required string Reason { get; init; }
}
