using ModelContextProtocol.Server;

namespace McpPlatform.McpService.BuiltIn;

/// <summary>Who uses a built-in server.</summary>
/// <param name="UserId">The user.</param>
/// <param name="AccessToken">The caller's own token, for the platform's own services only; null where there is none.</param>
internal sealed record BuiltInCaller(Guid UserId, string? AccessToken)
{
    // A record prints its members, and logs print records.
    public override string ToString() => UserId.ToString();
}

/// <summary>An MCP server that is part of this service.</summary>
/// <param name="Name">Its name in the registry's manner.</param>
/// <param name="Description">What it is for, in one sentence.</param>
/// <param name="Create">Makes what the SDK serves, for one caller.</param>
internal sealed record BuiltInServer(string Name, string Description, Func<BuiltInCaller, McpServerOptions> Create)
{
    public McpServerOptions CreateOptions(BuiltInCaller caller) => Create(caller);
}
