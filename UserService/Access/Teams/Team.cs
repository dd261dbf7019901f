namespace McpPlatform.UserService.Access.Teams;

/// <summary>Users who belong together: they hold the team's roles, and what the team owns is theirs to use.</summary>
internal sealed class Team
{
    private readonly List<TeamRole> roles = [];
    private readonly List<TeamResource> owns = [];

    private Team()
    {
    }

    /// <summary>Its key: it stands in tokens, rules and the audit trail.</summary>
    public string Name { get; private set; } = string.Empty;

    public string Description { get; private set; } = string.Empty;

    public IReadOnlyCollection<TeamRole> Roles => roles;

    public IReadOnlyCollection<TeamResource> Owns => owns;

    public static Team Create(string name) => new() { Name = name };

    public void Change(string description, IReadOnlyList<string> roleNames, IReadOnlyList<string> resources)
    {
        Description = description;
        roles.RemoveAll(role => !roleNames.Contains(role.RoleName, StringComparer.Ordinal));
        roles.AddRange(roleNames.Except(roles.Select(role => role.RoleName)).ToList().Select(role => new TeamRole { TeamName = Name, RoleName = role }));
        owns.RemoveAll(owned => !resources.Contains(owned.Resource, StringComparer.Ordinal));
        owns.AddRange(resources.Except(owns.Select(owned => owned.Resource)).ToList().Select(resource => new TeamResource { TeamName = Name, Resource = resource }));
    }
}

internal sealed class TeamRole
{
    public required string TeamName { get; init; }

    public required string RoleName { get; init; }
}

/// <summary>A server, a bundle or a connection that belongs to the team.</summary>
internal sealed class TeamResource
{
    public required string TeamName { get; init; }

    /// <summary>As <see cref="Contracts.Access.AccessResource"/> writes it.</summary>
    public required string Resource { get; init; }
}

internal sealed class TeamMember
{
    public required string TeamName { get; init; }

    public required Guid UserId { get; init; }
}
