using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Definitions;

/// <summary>What tools say of themselves, and whether somebody agreed to it.</summary>
internal static class DefinitionsApi
{
    public const string Route = "/api/mcp/definitions";

    public static void MapDefinitionsApi(this IEndpointRouteBuilder routes)
    {
        var audit = new AuditDenials("mcp.definitions.read", "tool");
        routes.MapGet(Route, ListDefinitions.HandleAsync).WithTags("MCP definitions").WithName("ListDefinitions")
            .RequirePermission(Permissions.McpServersRead).WithMetadata(audit);
        var definitions = routes.MapGroup(ServersApi.Route + "/{id}/definitions").WithTags("MCP definitions").RequirePermission(Permissions.McpServersRead).WithMetadata(audit);
        definitions.MapGet("/{tool}", GetDefinition.HandleAsync).WithName("GetDefinition");
        definitions.MapPost("/decide", DecideDefinitions.HandleAsync).WithName("DecideDefinitions").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.definitions.decide", "mcp_server"));
        definitions.MapPost("/{tool}/approve", DecideDefinitions.ApproveAsync).WithName("ApproveDefinition").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.definitions.approve", "tool"));
        definitions.MapPost("/{tool}/reject", DecideDefinitions.RejectAsync).WithName("RejectDefinition").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.definitions.reject", "tool"));
    }
}
