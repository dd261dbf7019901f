namespace McpPlatform.Contracts.Access;

/// <summary>
/// Everything that access is decided on, beside the caller: what roles give, which rules narrow or widen that, and who owns what. UserService owns it; every
/// service that decides keeps a copy. Pure data, so that the same policy gives the same answer everywhere.
/// </summary>
public sealed record AccessPolicy
{
    /// <summary>The policy of a platform that has none yet: nobody may do anything.</summary>
    public static AccessPolicy Empty { get; } = new() { Version = 0, Roles = [], Rules = [], Owners = [] };

    /// <summary>Counts up with every change: a copy never goes back to an older one.</summary>
    public required long Version { get; init; }

    /// <summary>Every role, built-in and custom.</summary>
    public required IReadOnlyList<PolicyRole> Roles { get; init; }

    /// <summary>Every rule. Their order means nothing.</summary>
    public required IReadOnlyList<AccessRule> Rules { get; init; }

    /// <summary>Which teams own which servers, bundles and connections.</summary>
    public required IReadOnlyList<ResourceOwner> Owners { get; init; }
}

/// <summary>A role, and the permissions that it gives.</summary>
/// <param name="Name">The role's name.</param>
/// <param name="Permissions">Names of <see cref="Identity.Permissions"/>.</param>
public sealed record PolicyRole(string Name, IReadOnlyList<string> Permissions);

/// <summary>A team owns a resource: its members may use it, and others only by a rule that says so.</summary>
/// <param name="Resource">One resource, as <see cref="AccessResource"/> writes it: no pattern.</param>
/// <param name="Team">The team's name.</param>
public sealed record ResourceOwner(string Resource, string Team);
