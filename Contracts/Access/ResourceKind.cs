namespace McpPlatform.Contracts.Access;

/// <summary>What somebody wants to use, written <c>kind:name</c>.</summary>
public enum ResourceKind
{
    /// <summary><c>server:{name}</c>: an MCP server.</summary>
    Server,

    /// <summary><c>tool:{server}/{tool}</c>: a tool of an MCP server.</summary>
    Tool,

    /// <summary><c>bundle:{name}</c>: a virtual MCP server.</summary>
    Bundle,

    /// <summary><c>connection:{owner's username}/{profile's name}</c>: a database connection.</summary>
    Connection,
}
