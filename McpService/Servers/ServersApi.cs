using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Servers;

/// <summary>The registry. <c>{id}</c> is a server's id or its name.</summary>
internal static class ServersApi
{
    public const string Route = "/api/mcp/servers";

    public static void MapServersApi(this IEndpointRouteBuilder routes)
    {
        var servers = routes.MapGroup(Route).WithTags("MCP servers").RequirePermission(Permissions.McpServersRead)
            .WithMetadata(new AuditDenials(Permissions.McpServersRead, "mcp_server"));
        servers.MapGet("/", ListServers.HandleAsync).WithName("ListServers");
        servers.MapGet("/{id}", GetServer.HandleAsync).WithName("GetServer");
        servers.MapGet("/{id}/status", GetServerStatus.HandleAsync).WithName("GetServerStatus");
        routes.MapGet("/api/mcp/stdio/templates", ListTemplates.Handle).WithTags("MCP servers").WithName("ListStdioTemplates").RequirePermission(Permissions.McpServersManageStdio)
            .WithMetadata(new AuditDenials("mcp.stdio.read", "mcp_server"));
        servers.MapPost("/", RegisterServer.HandleAsync).WithName("RegisterServer").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.servers.create", "mcp_server"));
        servers.MapPost("/{id}/connect", ControlServer.ConnectAsync).WithName("ConnectServer").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.servers.connect", "mcp_server"));
        servers.MapPost("/{id}/disconnect", ControlServer.DisconnectAsync).WithName("DisconnectServer").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.servers.disconnect", "mcp_server"));
        servers.MapPost("/{id}/refresh", ControlServer.RefreshAsync).WithName("RefreshServer").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.servers.refresh", "mcp_server"));
        servers.MapPatch("/{id}", UpdateServer.HandleAsync).WithName("UpdateServer").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.servers.update", "mcp_server"));
        servers.MapDelete("/{id}", RemoveServer.HandleAsync).WithName("RemoveServer").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.servers.delete", "mcp_server"));
    }
}
