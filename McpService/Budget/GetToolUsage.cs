using System.ComponentModel;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Budget;

/// <summary>What a tool costs, and whether it is used.</summary>
/// <param name="Server">Its server's name.</param>
/// <param name="Tool">Its name.</param>
/// <param name="Tokens">What its definition costs of a model's context, in tokens of o200k_base; null when it was not counted yet.</param>
/// <param name="Calls">How often it was called through this platform.</param>
/// <param name="LastCalledAt">When it was last called, to within five seconds.</param>
/// <param name="FirstSeenAt">When its server first listed it.</param>
internal sealed record ToolUsageResponse(string Server, string Tool, int? Tokens, long Calls, DateTimeOffset? LastCalledAt, DateTimeOffset FirstSeenAt)
{
    // A server's name holds no slash.
    internal string Position() => $"{Server}/{Tool}";
}

internal static class GetToolUsage
{
    private const int MaxDays = 3650;

    /// <summary>The tools of all servers that the caller may see, with what they cost and how often they were called; or only those that nobody called for some days.</summary>
    public static async Task<Results<Ok<Page<ToolUsageResponse>>, ValidationProblem>> HandleAsync(
        McpDbContext db, AccessDecider access, TimeProvider time, CancellationToken cancellationToken,
        [Description("Only tools that are there for at least so many days and were not called in that time; 1 to 3650."), Microsoft.AspNetCore.Mvc.FromQuery(Name = "unused_days")] int? unusedDays = null,
        int limit = Cursor.DefaultLimit, string? cursor = null)
    {
        if (limit is < 1 or > Cursor.MaxLimit)
        {
            return ProblemExtensions.Invalid("limit", $"The limit must be 1 to {Cursor.MaxLimit}.");
        }

        if (unusedDays is < 1 or > MaxDays)
        {
            return ProblemExtensions.Invalid("unused_days", $"The unused_days must be 1 to {MaxDays}.");
        }

        if (!Cursor.TryDecode(cursor, out var after) || after?.Contains('/', StringComparison.Ordinal) == false)
        {
            return ProblemExtensions.Invalid("cursor", "The cursor must be one that this list gave as next_cursor.");
        }

        DateTimeOffset? before = unusedDays is { } days ? time.GetUtcNow().AddDays(-days) : null;
        var rows =
            from tool in db.Tools.AsNoTracking()
            join server in db.Servers on tool.ServerId equals server.Id
            where tool.RemovedAt == null && (before == null || (tool.FirstSeenAt <= before && (tool.LastCalledAt == null || tool.LastCalledAt <= before)))
            select new { Server = server.Name, tool.Name, tool.Tokens, tool.Calls, tool.LastCalledAt, tool.FirstSeenAt };
        var page = await VisiblePage.ReadAsync(
            limit,
            after,
            (position, count) =>
            {
                var following = position?.Split('/', 2) is [var lastServer, var lastTool]
                    ? rows.Where(row => row.Server.CompareTo(lastServer) > 0 || (row.Server == lastServer && row.Name.CompareTo(lastTool) > 0))
                    : rows;
                return following.OrderBy(row => row.Server).ThenBy(row => row.Name).Take(count)
                    .Select(row => new ToolUsageResponse(row.Server, row.Name, row.Tokens, row.Calls, row.LastCalledAt, row.FirstSeenAt)).ToListAsync(cancellationToken);
            },
            row => row.Position(),
            row => access.Decide(Permissions.McpServersRead, AccessResource.Server(row.Server)).Allowed);
        return TypedResults.Ok(page);
    }
}
