namespace McpPlatform.Contracts.Messages;

/// <summary>A person logged in; a refreshed token is no login.</summary>
public sealed record UserLoggedIn : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Who.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The login: the token's <c>sid</c>.</summary>
    public required string SessionId { get; init; }
}
