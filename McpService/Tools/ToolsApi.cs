using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Budget;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Tools;

/// <summary>Tools: of one server, and of all. Whoever may call a tool finds it, nobody else does; so one permission is for both.</summary>
internal static class ToolsApi
{
    public const string CallName = "CallTool", SearchRoute = "/api/mcp/tools";

    public static void MapToolsApi(this IEndpointRouteBuilder routes)
    {
        var audit = new AuditDenials("mcp.tools.call", "tool");
        var tools = routes.MapGroup(ServersApi.Route + "/{id}/tools").WithTags("MCP tools").RequirePermission(Permissions.McpToolsCall).WithMetadata(audit);
        tools.MapGet("/", ListTools.HandleAsync).WithName("ListTools");
        tools.MapPost("/{tool}/call", CallTool.HandleAsync).WithName(CallName);
        tools.MapPatch("/{tool}", UpdateTool.HandleAsync).WithName("UpdateTool").RequirePermission(Permissions.McpServersManage).WithMetadata(new AuditDenials("mcp.tools.update", "tool"));
        var items = routes.MapGroup(ServersApi.Route + "/{id}").WithTags("MCP resources and prompts").RequirePermission(Permissions.McpToolsCall).WithMetadata(audit);
        items.MapGet("/resources", ListItems.ResourcesAsync).WithName("ListResources");
        items.MapGet("/resource-templates", ListItems.TemplatesAsync).WithName("ListResourceTemplates");
        items.MapGet("/prompts", ListItems.PromptsAsync).WithName("ListPrompts");
        routes.MapGet(SearchRoute + "/usage", GetToolUsage.HandleAsync).WithTags("MCP tools").WithName("GetToolUsage").RequirePermission(Permissions.McpServersRead)
            .WithMetadata(new AuditDenials("mcp.tools.usage", "tool"));
        routes.MapGet(SearchRoute, SearchTools.HandleAsync).WithTags("MCP tools").WithName("SearchTools").RequirePermission(Permissions.McpToolsCall).WithMetadata(audit);
    }
}
