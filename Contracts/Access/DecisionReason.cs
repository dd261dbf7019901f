namespace McpPlatform.Contracts.Access;

/// <summary>Why a decision is what it is.</summary>
public enum DecisionReason
{
    /// <summary>Refused: the caller does not hold the permission.</summary>
    PermissionNotHeld,

    /// <summary>Refused: the token is limited to other resources.</summary>
    OutsideTokenLimits,

    /// <summary>Refused: a deny rule matches.</summary>
    DeniedByRule,

    /// <summary>Refused: nothing allows this resource.</summary>
    NothingAllows,

    /// <summary>Allowed: the caller, or a team of the caller, owns it.</summary>
    Owner,

    /// <summary>Allowed: an allow rule matches.</summary>
    AllowedByRule,

    /// <summary>Allowed: the owner shares it with a role of the caller.</summary>
    SharedWithRole,

    /// <summary>Allowed: a role gives the permission, and no rule narrows it.</summary>
    AllowedByRole,

    /// <summary>Allowed: the permission concerns no resource, and the token carries it.</summary>
    AllowedByPermission,
}
