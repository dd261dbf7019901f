using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Credentials;

/// <summary>What MCP servers are shown, for everybody and for each user.</summary>
internal static class CredentialsApi
{
    public static void MapCredentialsApi(this IEndpointRouteBuilder routes)
    {
        var credential = routes.MapGroup(ServersApi.Route + "/{id}/credential").WithTags("MCP credentials");
        credential.MapGet("/", GetCredential.HandleAsync).WithName("GetCredential").RequirePermission(Permissions.McpToolsCall)
            .WithMetadata(new AuditDenials("mcp.credentials.read", "mcp_server"));
        credential.MapPut("/", StoreCredential.ForServerAsync).WithName("StoreServerCredential").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.credentials.store", "mcp_server"));
        credential.MapDelete("/", RemoveCredential.ForServerAsync).WithName("RemoveServerCredential").RequirePermission(Permissions.McpServersManage)
            .WithMetadata(new AuditDenials("mcp.credentials.remove", "mcp_server"));
        credential.MapPut("/me", StoreCredential.ForMeAsync).WithName("StoreOwnCredential").RequirePermission(Permissions.McpToolsCall)
            .WithMetadata(new AuditDenials("mcp.credentials.store", "mcp_server"));
        credential.MapDelete("/me", RemoveCredential.ForMeAsync).WithName("RemoveOwnCredential").RequirePermission(Permissions.McpToolsCall)
            .WithMetadata(new AuditDenials("mcp.credentials.remove", "mcp_server"));
    }
}
