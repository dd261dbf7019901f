using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Bundles;

/// <summary>Virtual MCP servers. <c>{id}</c> is a bundle's id or its name.</summary>
internal static class BundlesApi
{
    public const string Route = "/api/mcp/bundles";

    public static void MapBundlesApi(this IEndpointRouteBuilder routes)
    {
        var bundles = routes.MapGroup(Route).WithTags("MCP bundles").RequirePermission(Permissions.McpServersRead)
            .WithMetadata(new AuditDenials("mcp.bundles.read", "bundle"));
        bundles.MapGet("/", ListBundles.HandleAsync).WithName("ListBundles");
        bundles.MapGet("/{id}", GetBundle.HandleAsync).WithName("GetBundle");
        bundles.MapGet("/{id}/context", GetBundleContext.HandleAsync).WithName("GetBundleContext");
        bundles.MapPost("/", CreateBundle.HandleAsync).WithName("CreateBundle").RequirePermission(Permissions.McpBundlesManage)
            .WithMetadata(new AuditDenials("mcp.bundles.create", "bundle"));
        bundles.MapPatch("/{id}", UpdateBundle.HandleAsync).WithName("UpdateBundle").RequirePermission(Permissions.McpBundlesManage)
            .WithMetadata(new AuditDenials("mcp.bundles.update", "bundle"));
        bundles.MapDelete("/{id}", RemoveBundle.HandleAsync).WithName("RemoveBundle").RequirePermission(Permissions.McpBundlesManage)
            .WithMetadata(new AuditDenials("mcp.bundles.delete", "bundle"));
    }
}
