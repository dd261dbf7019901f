namespace McpPlatform.UserService.Access;

/// <summary>A named set of permissions. The name is its key: it stands in tokens and in the audit trail.</summary>
internal sealed class Role
{
    public required string Name { get; init; }

    public required string Description { get; set; }

    /// <summary>Exists from the start; what it holds is defined in Contracts and follows it at every migration.</summary>
    public required bool IsBuiltIn { get; init; }

    public ICollection<RolePermission> Permissions { get; } = [];
}

internal sealed class RolePermission
{
    public required string RoleName { get; init; }

    public required string PermissionName { get; init; }
}

/// <summary>What can be granted: the catalogue of Contracts as rows, so that roles cannot name what does not exist.</summary>
internal sealed class Permission
{
    public required string Name { get; init; }

    public required string Description { get; set; }
}
