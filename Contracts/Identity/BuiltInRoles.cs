namespace McpPlatform.Contracts.Identity;

/// <summary>The roles that exist from the start and cannot be removed.</summary>
public static class BuiltInRoles
{
    /// <summary>Holds every permission of <see cref="Permissions.Catalogue"/>.</summary>
    public const string Admin = "admin";

    /// <summary>What an ordinary person of the team may do.</summary>
    public const string User = "user";

    /// <summary>Reads analytics and the audit trail, changes nothing.</summary>
    public const string Auditor = "auditor";

    /// <summary>The permissions that each built-in role holds.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Permissions { get; } =
        new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
        {
            [Admin] = [.. Identity.Permissions.Catalogue.Keys],
            [User] =
            [
                Identity.Permissions.DbConnectionsManage, Identity.Permissions.DbQuery,
                Identity.Permissions.McpServersRead, Identity.Permissions.McpToolsCall, Identity.Permissions.McpChat,
                Identity.Permissions.TestsRead, Identity.Permissions.TestsManage, Identity.Permissions.TestsRun,
            ],
            [Auditor] = [Identity.Permissions.AnalyticsRead, Identity.Permissions.AuditRead],
        };
}
