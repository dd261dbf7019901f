using McpPlatform.Contracts.Access;

namespace McpPlatform.Contracts.Messages;

/// <summary>Roles, rules or owners have changed, or a service asked. Carries the whole policy, so that a copy needs no other message to be complete.</summary>
public sealed record AccessPolicyChanged : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The same as the policy's: a copy never goes back to an older one.</summary>
    public required long Version { get; init; }

    /// <summary>Everything that access is decided on.</summary>
    public required AccessPolicy Policy { get; init; }
}
