using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.ServiceDefaults.Authorization;

namespace McpPlatform.McpService.Approvals;

/// <summary>Calls that wait for a person's word.</summary>
internal static class ApprovalsApi
{
    public const string Route = "/api/mcp/approvals";

    public static void MapApprovalsApi(this IEndpointRouteBuilder routes)
    {
        var approvals = routes.MapGroup(Route).WithTags("MCP approvals").RequirePermission(Permissions.McpToolsCall).WithMetadata(new AuditDenials("mcp.approvals.read", "approval"));
        approvals.MapGet("/", ListApprovals.HandleAsync).WithName("ListApprovals");
        approvals.MapPost("/{id:guid}/approve", DecideApproval.ApproveAsync).WithName("ApproveCall").WithMetadata(new AuditDenials("mcp.approvals.approve", "approval"));
        approvals.MapPost("/{id:guid}/deny", DecideApproval.DenyAsync).WithName("DenyCall").WithMetadata(new AuditDenials("mcp.approvals.deny", "approval"));
    }
}
