using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Tools;

/// <summary>The tools of one server.</summary>
internal static class ToolsApi
{
    public const string CallName = "CallTool";

    public static void MapToolsApi(this IEndpointRouteBuilder routes)
    {
        var tools = routes.MapGroup(ServersApi.Route + "/{id}/tools").WithTags("MCP tools");
        tools.MapGet("/", ListTools.HandleAsync).WithName("ListTools").RequirePermission(Permissions.McpServersRead);
        tools.MapPost("/{tool}/call", CallTool.HandleAsync).WithName(CallName).RequirePermission(Permissions.McpToolsCall)
            .WithMetadata(new AuditDenials("mcp.tools.call"));
    }
}
