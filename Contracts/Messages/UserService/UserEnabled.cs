namespace McpPlatform.Contracts.Messages;

/// <summary>A user that was disabled may log in again.</summary>
public sealed record UserEnabled : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Who.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The same counter as <see cref="GrantsChanged.Version"/>: an older fact never undoes a newer one.</summary>
    public required long Version { get; init; }
}
