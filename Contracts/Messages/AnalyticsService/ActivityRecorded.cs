using System.Text.Json;

namespace McpPlatform.Contracts.Messages;

/// <summary>
/// Somebody did something, or was refused: a login, a tool call, an administrative change. The audit trail is made
/// of these; every service publishes them, in the transaction of what they tell of.
/// </summary>
public sealed record ActivityRecorded : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The service that saw it, such as <c>mcpservice</c>.</summary>
    public required string Service { get; init; }

    /// <summary>What was done, such as <c>auth.login</c>, <c>users.create</c>, <c>mcp.tools.call</c>.</summary>
    public required string Action { get; init; }

    /// <summary><c>succeeded</c>, <c>denied</c> or <c>failed</c>; see <see cref="ActivityOutcomes"/>.</summary>
    public required string Outcome { get; init; }

    /// <summary>Who; null when nobody was logged in.</summary>
    public Guid? UserId { get; init; }

    /// <summary>The name at the time; for a failed login the name that was tried.</summary>
    public string? Username { get; init; }

    /// <summary>The kind of thing it was done to, such as <c>tool</c>, <c>user</c>.</summary>
    public string? TargetType { get; init; }

    /// <summary>Which one, such as <c>everything/echo</c>.</summary>
    public string? Target { get; init; }

    /// <summary>How long it took, in milliseconds, where that means something.</summary>
    public double? DurationMs { get; init; }

    /// <summary>The client's address.</summary>
    public string? ClientIp { get; init; }

    /// <summary>The W3C trace id, 32 hex digits.</summary>
    public string? TraceId { get; init; }

    /// <summary>Facts about it that fit no other property. Never secrets, never tool arguments.</summary>
    public IReadOnlyDictionary<string, string>? Details { get; init; }

    /// <summary>For a change: the values before. Never secrets.</summary>
    public JsonElement? OldValues { get; init; }

    /// <summary>For a change: the values after. Never secrets.</summary>
    public JsonElement? NewValues { get; init; }
}

/// <summary>The values of <see cref="ActivityRecorded.Outcome"/>.</summary>
public static class ActivityOutcomes
{
    /// <summary>It was done.</summary>
    public const string Succeeded = "succeeded";

    /// <summary>It was refused.</summary>
    public const string Denied = "denied";

    /// <summary>It was allowed and did not work.</summary>
    public const string Failed = "failed";
}
