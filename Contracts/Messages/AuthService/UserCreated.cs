namespace McpPlatform.Contracts.Messages;

/// <summary>An account exists. UserService makes its profile; the id is the same everywhere.</summary>
public sealed record UserCreated : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The account's id: the token's <c>sub</c>, and the profile's key.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The name that the person logs in with, canonical.</summary>
    public required string Username { get; init; }

    /// <summary>The address, when one was given.</summary>
    public string? Email { get; init; }

    /// <summary>The roles that the account starts with.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>False for an account that was brought in disabled.</summary>
    public bool IsActive { get; init; } = true;
}
