namespace McpPlatform.Contracts.Messages;

/// <summary>Access tokens issued until now are worth nothing any more: those of one session, or all of a user's.</summary>
public sealed record AccessRevoked : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Whose access.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The session that ended, or the API key that was deleted; null when all of the user's ended.</summary>
    public string? SessionId { get; init; }

    /// <summary>When all ended: tokens whose <c>ver</c> is lower are worth nothing.</summary>
    public long? Version { get; init; }

    /// <summary>Why: <c>logout</c>, <c>refresh_token_reused</c>, <c>session_ended</c>, <c>password_changed</c>, <c>api_key_deleted</c>, <c>disabled</c>, <c>deleted</c>, <c>grants_changed</c>.</summary>
    public required string Reason { get; init; }
}
