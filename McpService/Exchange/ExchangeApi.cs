using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Exchange;

/// <summary>The files of MCP clients: the registry as one of them, and what they need to reach the platform. <c>{id}</c> is a bundle's id or its name.</summary>
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
        exchange.MapGet("/client-config", GetClientConfig.Handle).WithName("GetClientConfig").WithMetadata(new AuditDenials("mcp.bundles.read", "bundle"));
        exchange.MapGet("/bundles/{id}/client-config", GetClientConfig.HandleBundleAsync).WithName("GetBundleClientConfig").WithMetadata(new AuditDenials("mcp.bundles.read", "bundle"));
    }
}
