namespace McpPlatform.Contracts.Messages;

/// <summary>A user may not log in any more. AuthService refuses the account and ends its tokens.</summary>
public sealed record UserDisabled : IFact
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
