namespace McpPlatform.Contracts.Messages;

/// <summary>
/// The time for which a deleted user was kept is over: the profile holds nothing personal any more. Whoever keeps a name, an address or secrets of the user
/// removes them; the audit trail keeps what it recorded.
/// </summary>
public sealed record UserAnonymised : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Who.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The name that stands in the place of the user's own, unique.</summary>
    public required string Username { get; init; }
}
