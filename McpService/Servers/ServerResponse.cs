using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;

namespace McpPlatform.McpService.Servers;

/// <summary>A registered MCP server.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its unique name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Transport">How it is reached: <c>http</c>, <c>sse</c>, <c>stdio</c> (a process of the platform) or <c>builtin</c>.</param>
/// <param name="Url">Where; without its query for who may not manage this server.</param>
/// <param name="Template">The operator's template that a process is run from.</param>
/// <param name="Parameters">What stands in the template's holes; only for who may manage this server.</param>
/// <param name="Enabled">Whether its tools can be called.</param>
/// <param name="IsDefault">Whether it is the server of MCP_SERVER_URL.</param>
/// <param name="DefinitionLock">Whether changed and new tools wait for approval: <c>off</c>, <c>changes</c> or <c>strict</c>.</param>
/// <param name="CredentialOwner">Whose credentials it is shown: <c>server</c> or <c>user</c>; see <c>…/credential</c>.</param>
/// <param name="Status"><c>healthy</c>, <c>degraded</c>, <c>unhealthy</c>, or <c>unknown</c> before the first check.</param>
/// <param name="CreatedBy">Who registered it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="UpdatedAt">When somebody last changed it.</param>
internal sealed record ServerResponse(
    Guid Id, string Name, string? Description, string Transport, string Url, string? Template, IReadOnlyDictionary<string, string>? Parameters, bool Enabled, bool IsDefault, string DefinitionLock, string CredentialOwner, string Status,
    Guid? CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static ServerResponse For(ServerAccess access, Server server) => new(
        server.Id, server.Name, server.Description, server.Transport,
        access.Allows(Permissions.McpServersManage, server) && server.Launch is null ? server.Url : ServerUrls.WithoutQuery(server.Url),
        server.Launch?.Template, access.Allows(Permissions.McpServersManage, server) ? server.Launch?.Parameters : null,
        server.Enabled, server.IsDefault, server.DefinitionLock, server.CredentialOwner, server.Health.Status, server.CreatedBy, server.CreatedAt, server.UpdatedAt);
}
