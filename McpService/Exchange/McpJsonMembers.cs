namespace McpPlatform.McpService.Exchange;

/// <summary>Members that this platform writes into the files of clients, which pass over what they do not know.</summary>
internal static class McpJsonMembers
{
    /// <summary>What a server has here and no client knows: <c>description</c>, <c>enabled</c>, <c>definition_lock</c>, <c>credential_owner</c>, <c>auth</c>, <c>template</c>, <c>parameters</c>.</summary>
    public const string Platform = "mcpplatform";
}
