namespace McpPlatform.Contracts.Access;

/// <summary>Who wants something.</summary>
public sealed record Caller
{
    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>All of the user's roles, the teams' among them.</summary>
    public required IReadOnlyCollection<string> Roles { get; init; }

    /// <summary>The teams that the user is a member of.</summary>
    public required IReadOnlyCollection<string> Teams { get; init; }

    /// <summary>The permissions of the token, which may be fewer than the roles give.</summary>
    public required IReadOnlySet<string> Permissions { get; init; }

    /// <summary>Patterns that the token is limited to, as an API key may be; none: no limit.</summary>
    public IReadOnlyCollection<string> Limits { get; init; } = [];
}
