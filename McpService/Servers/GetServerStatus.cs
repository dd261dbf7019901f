using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Health;
using McpPlatform.McpService.Upstream.Stdio;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Servers;

/// <summary>How a server was when last checked.</summary>
/// <param name="Status"><c>healthy</c>, <c>degraded</c> (slow), <c>unhealthy</c>, or <c>unknown</c> before the first checks and while disabled. Two checks in a row make it worse, one makes it healthy.</param>
/// <param name="Cause">Why it is not healthy, or why the last check failed, in plain words.</param>
/// <param name="LatencyMs">How long the check took, in milliseconds.</param>
/// <param name="ToolCount">How many tools it listed.</param>
/// <param name="ProtocolVersion">The revision of MCP that was negotiated.</param>
/// <param name="ConsecutiveFailures">Failed checks in a row.</param>
/// <param name="CheckedAt">When it was last checked.</param>
/// <param name="LastGoodCallAt">When a tool call last went through, to within ten seconds.</param>
/// <param name="Processes">For one that runs as a process: in how many of them, in this replica.</param>
/// <param name="Reachable">Name, address, connection and TLS.</param>
/// <param name="Protocol">Whether it speaks MCP.</param>
/// <param name="Credential">Whether it accepts what the platform shows it.</param>
internal sealed record ServerStatusResponse(
    string Status, string? Cause, double? LatencyMs, int? ToolCount, string? ProtocolVersion, int ConsecutiveFailures,
    DateTimeOffset? CheckedAt, DateTimeOffset? LastGoodCallAt, int? Processes, PartStatus Reachable, PartStatus Protocol, PartStatus Credential)
{
    public static ServerStatusResponse Of(Server server, StdioProcesses processes) => new(
        server.Health.Status, server.Health.Cause, server.Health.LatencyMs, server.Health.ToolCount, server.Health.ProtocolVersion, server.Health.ConsecutiveFailures,
        server.Health.CheckedAt, server.LastGoodCallAt, server.Launch is null ? null : processes.Count(server.Id),
        PartStatus.Of(server.Health.Reachable), PartStatus.Of(server.Health.Protocol), PartStatus.Of(server.Health.Credential));
}

/// <summary>One part of a server's health. A look that fails at an earlier part says nothing of a later one, which keeps what was last known.</summary>
/// <param name="State"><c>ok</c>, <c>failing</c> or <c>unknown</c>.</param>
/// <param name="Cause">Why the last look at it failed, in plain words.</param>
/// <param name="LatencyMs">How long that took, in milliseconds, where it is known.</param>
/// <param name="Since">Since when the state is what it is.</param>
/// <param name="CheckedAt">When it was last looked at.</param>
/// <param name="LastOkAt">When it was last well.</param>
internal sealed record PartStatus(string State, string? Cause, double? LatencyMs, DateTimeOffset? Since, DateTimeOffset? CheckedAt, DateTimeOffset? LastOkAt)
{
    public static PartStatus Of(PartHealth part) => new(part.State, part.Cause, part.LatencyMs, part.Since, part.CheckedAt, part.LastOkAt);
}

internal static class GetServerStatus
{
    public static async Task<Results<Ok<ServerStatusResponse>, ProblemHttpResult>> HandleAsync(string id, ServerAccess access, StdioProcesses processes, CancellationToken cancellationToken) =>
        await access.FindAsync(id, Permissions.McpServersRead, cancellationToken) is { } server
            ? TypedResults.Ok(ServerStatusResponse.Of(server, processes))
            : ServerQueries.NotFound();
}
