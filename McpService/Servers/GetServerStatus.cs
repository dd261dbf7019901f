using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Servers;

/// <summary>How a server was when last checked.</summary>
/// <param name="Status"><c>healthy</c>, <c>degraded</c>, <c>unhealthy</c>, or <c>unknown</c> before the first check and while disabled.</param>
/// <param name="Cause">Why it is not healthy, in plain words.</param>
/// <param name="LatencyMs">How long the check took, in milliseconds.</param>
/// <param name="ToolCount">How many tools it listed.</param>
/// <param name="ProtocolVersion">The revision of MCP that was negotiated.</param>
/// <param name="ConsecutiveFailures">Failed checks in a row.</param>
/// <param name="CheckedAt">When it was last checked.</param>
/// <param name="LastGoodCallAt">When a tool call last went through, to within ten seconds.</param>
internal sealed record ServerStatusResponse(
    string Status, string? Cause, double? LatencyMs, int? ToolCount, string? ProtocolVersion, int ConsecutiveFailures,
    DateTimeOffset? CheckedAt, DateTimeOffset? LastGoodCallAt);

internal static class GetServerStatus
{
    public static async Task<Results<Ok<ServerStatusResponse>, ProblemHttpResult>> HandleAsync(
        string id, ServerAccess access, CancellationToken cancellationToken)
    {
        if (await access.FindAsync(id, Permissions.McpServersRead, cancellationToken) is not { Health: var health })
        {
            return ServerQueries.NotFound();
        }

        return TypedResults.Ok(new ServerStatusResponse(
            health.Status, health.Cause, health.LatencyMs, health.ToolCount, health.ProtocolVersion, health.ConsecutiveFailures,
            health.CheckedAt, health.LastGoodCallAt));
    }
}
