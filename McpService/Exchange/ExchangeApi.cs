using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Exchange;

/// <summary>The registry as files of MCP clients.</summary>
internal static class ExchangeApi
{
    public static void MapExchangeApi(this IEndpointRouteBuilder routes)
    {
        var exchange = routes.MapGroup("/api/mcp").WithTags("MCP import and export").RequirePermission(Permissions.McpServersRead);
        exchange.MapPost("/servers/import", ImportServers.HandleAsync).WithName("ImportServers").RequirePermission(Permissions.McpServersManage)
            .Accepts<JsonObject>("application/json", "application/jsonc", "text/plain")
            .WithMetadata(new AuditDenials("mcp.servers.create", "mcp_server"));
        exchange.MapGet("/servers/export", ExportServers.HandleAsync).WithName("ExportServers").Produces<JsonObject>()
            .WithMetadata(new AuditDenials(Permissions.McpServersRead, "mcp_server"));
    }
}
