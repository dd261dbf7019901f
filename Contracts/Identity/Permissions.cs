namespace McpPlatform.Contracts.Identity;

/// <summary>Every permission of the platform. A permission is granted to roles, never to a user directly.</summary>
public static class Permissions
{
    /// <summary>See other users' profiles.</summary>
    public const string UsersRead = "users.read";

    /// <summary>Create, change, disable and delete users.</summary>
    public const string UsersManage = "users.manage";

    /// <summary>Define roles, assign them, and explain decisions.</summary>
    public const string PermissionsManage = "permissions.manage";

    /// <summary>Keep database connection profiles.</summary>
    public const string DbConnectionsManage = "db.connections.manage";

    /// <summary>Run read-only queries through a connection profile.</summary>
    public const string DbQuery = "db.query";

    /// <summary>Run queries that write, where the connection profile allows it too.</summary>
    public const string DbQueryWrite = "db.query.write";

    /// <summary>See the registered MCP servers.</summary>
    public const string McpServersRead = "mcp.servers.read";

    /// <summary>Register, change and remove MCP servers reached over HTTP.</summary>
    public const string McpServersManage = "mcp.servers.manage";

    /// <summary>Register MCP servers that run as a process of the platform (stdio).</summary>
    public const string McpServersManageStdio = "mcp.servers.manage_stdio";

    /// <summary>See and call tools of MCP servers.</summary>
    public const string McpToolsCall = "mcp.tools.call";

    /// <summary>Define bundles of servers and tools.</summary>
    public const string McpBundlesManage = "mcp.bundles.manage";

    /// <summary>Chat with a model that calls MCP tools.</summary>
    public const string McpChat = "mcp.chat";

    /// <summary>See saved tests and their runs.</summary>
    public const string TestsRead = "tests.read";

    /// <summary>Save, change and delete tests.</summary>
    public const string TestsManage = "tests.manage";

    /// <summary>Run saved tests.</summary>
    public const string TestsRun = "tests.run";

    /// <summary>See traffic, latency, health and usage figures.</summary>
    public const string AnalyticsRead = "analytics.read";

    /// <summary>See the audit trail: who did what, allowed or denied.</summary>
    public const string AuditRead = "audit.read";

    /// <summary>Open the encrypted bodies of audited calls.</summary>
    public const string AuditReadPayload = "audit.read_payload";

    /// <summary>
    /// Create and change the credentials of accounts. Held by UserService's own token alone: it is in no role and
    /// not in <see cref="Catalogue"/>, so nobody can be granted it.
    /// </summary>
    public const string AccountsManage = "accounts.manage";

    /// <summary>What can be granted, with the sentence that the console shows.</summary>
    public static IReadOnlyDictionary<string, string> Catalogue { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [UsersRead] = "See other users' profiles.",
        [UsersManage] = "Create, change, disable and delete users.",
        [PermissionsManage] = "Define roles, assign them, and explain decisions.",
        [DbConnectionsManage] = "Keep database connection profiles.",
        [DbQuery] = "Run read-only queries through a connection profile.",
        [DbQueryWrite] = "Run queries that write, where the connection profile allows it too.",
        [McpServersRead] = "See the registered MCP servers.",
        [McpServersManage] = "Register, change and remove MCP servers reached over HTTP.",
        [McpServersManageStdio] = "Register MCP servers that run as a process of the platform (stdio).",
        [McpToolsCall] = "See and call tools of MCP servers.",
        [McpBundlesManage] = "Define bundles of servers and tools.",
        [McpChat] = "Chat with a model that calls MCP tools.",
        [TestsRead] = "See saved tests and their runs.",
        [TestsManage] = "Save, change and delete tests.",
        [TestsRun] = "Run saved tests.",
        [AnalyticsRead] = "See traffic, latency, health and usage figures.",
        [AuditRead] = "See the audit trail: who did what, allowed or denied.",
        [AuditReadPayload] = "Open the encrypted bodies of audited calls.",
    };
}
