namespace McpPlatform.Contracts.Access;

/// <summary>A decision, with what decided it.</summary>
/// <param name="Allowed">Whether the caller may.</param>
/// <param name="Reason">Why.</param>
/// <param name="Explanation">The same as a sentence for an administrator.</param>
public sealed record AccessDecision(bool Allowed, DecisionReason Reason, string Explanation)
{
    /// <summary>The rule that decided, if one did.</summary>
    public AccessRule? Rule { get; init; }

    /// <summary>The role that decided, if one did.</summary>
    public string? Role { get; init; }

    /// <summary>The team that decided, if one did.</summary>
    public string? Team { get; init; }
}
