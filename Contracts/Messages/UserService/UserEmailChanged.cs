namespace McpPlatform.Contracts.Messages;

/// <summary>A user has another address, or none any more. AuthService keeps a copy with the account.</summary>
public sealed record UserEmailChanged : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Whose.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The address; null when it was taken away.</summary>
    public string? Email { get; init; }

    /// <summary>Counts up with every change of this user's address: a copy never goes back to an older one.</summary>
    public required long Version { get; init; }
}
