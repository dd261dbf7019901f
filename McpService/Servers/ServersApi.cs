using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Servers;

/// <summary>The registry. <c>{id}</c> is a server's id or its name.</summary>
internal static class ServersApi
{
    public const string Route = "/api/mcp/servers";

    public static void MapServersApi(this IEndpointRouteBuilder routes)
    {
        var servers = routes.MapGroup(Route).WithTags("MCP servers").RequirePermission(Permissions.McpServersRead);
        servers.MapGet("/", ListServers.HandleAsync).WithName("ListServers");
        servers.MapGet("/{id}", GetServer.HandleAsync).WithName("GetServer");
        servers.MapGet("/{id}/status", GetServerStatus.HandleAsync).WithName("GetServerStatus");
        servers.MapPost("/", RegisterServer.HandleAsync).WithName("RegisterServer").RequirePermission(Permissions.McpServersManage);
        servers.MapPatch("/{id}", UpdateServer.HandleAsync).WithName("UpdateServer").RequirePermission(Permissions.McpServersManage);
        servers.MapDelete("/{id}", RemoveServer.HandleAsync).WithName("RemoveServer").RequirePermission(Permissions.McpServersManage);
    }
}
