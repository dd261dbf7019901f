using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Servers;

internal static class RemoveServer
{
    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        string id, McpDbContext db, ServerAccess access, ActivityLog activities, UpstreamSessions sessions, Registry registry, CancellationToken cancellationToken)
    {
        var (server, refusal) = await access.FindToManageAsync(id, "mcp.servers.delete", cancellationToken);
        if (server is null)
        {
            return refusal!;
        }

        if (server.IsDefault)
        {
            return ProblemExtensions.Problem(
                StatusCodes.Status409Conflict,
                $"'{server.Name}' is the server of MCP_SERVER_URL and would be back at the next start: disable it, or unset the variable first.");
        }

        if (server.IsBuiltIn)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"'{server.Name}' is built in and would be back at the next start: disable it, or unset its configuration first.");
        }

        db.Remove(server);
        db.AddToOutbox(activities.Create("mcp.servers.delete", ActivityOutcomes.Succeeded, "mcp_server", server.Name, ServerValues.Of(server)));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"'{server.Name}' was changed at the same moment: look at it, and try again.");
        }

        await registry.RefreshAsync(cancellationToken);
        await sessions.ForgetAsync(server.Id);
        return TypedResults.NoContent();
    }
}
