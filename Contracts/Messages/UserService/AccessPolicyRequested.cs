namespace McpPlatform.Contracts.Messages;

/// <summary>A service has no copy of the policy yet. UserService answers with an <see cref="AccessPolicyChanged"/> to all.</summary>
public sealed record AccessPolicyRequested : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }
}
