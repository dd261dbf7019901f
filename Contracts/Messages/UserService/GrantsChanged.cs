namespace McpPlatform.Contracts.Messages;

/// <summary>What a user may do has changed. AuthService keeps a copy, so that the next token says it.</summary>
public sealed record GrantsChanged : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Whose grants.</summary>
    public required Guid UserId { get; init; }

    /// <summary>Counts up with every change of this user's grants: a copy never goes back to an older one.</summary>
    public required long Version { get; init; }

    /// <summary>All of the user's roles, those of the teams among them.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>All permissions that those roles give.</summary>
    public required IReadOnlyList<string> Permissions { get; init; }

    /// <summary>The teams that the user is a member of; null in facts of before there were teams: then there are none.</summary>
    public IReadOnlyList<string>? Teams { get; init; }

    /// <summary>
    /// Whether a deny rule names one of the roles or teams: then to gain one of them can take something away, and tokens that do not say it yet must end.
    /// </summary>
    public bool Restricts { get; init; }
}
