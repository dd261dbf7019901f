using System.ComponentModel;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Tools;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Definitions;

internal static class ListDefinitions
{
    private sealed record Row(string Server, Tool Tool)
    {
        // A server's name holds no slash.
        public string Position => $"{Server}/{Tool.Name}";
    }

    /// <summary>The tools of all servers that the caller may see, and where their definitions stand; by the names of server and tool.</summary>
    public static async Task<Results<Ok<Page<DefinitionSummary>>, ValidationProblem>> HandleAsync(
        McpDbContext db, AccessDecider access, CancellationToken cancellationToken, [Description("A server's name.")] string? server = null,
        [Description("approved, quarantined or rejected.")] string? state = null, int limit = Cursor.DefaultLimit, string? cursor = null)
    {
        if (limit is < 1 or > Cursor.MaxLimit)
        {
            return ProblemExtensions.Invalid("limit", $"The limit must be 1 to {Cursor.MaxLimit}.");
        }

        if (state is not null && !DefinitionStates.All.Contains(state))
        {
            return ProblemExtensions.Invalid("state", "The state must be 'approved', 'quarantined' or 'rejected'.");
        }

        if (server?.Contains('\0', StringComparison.Ordinal) == true)
        {
            return ProblemExtensions.Invalid("server", "The server must be the name of a server.");
        }

        if (!Cursor.TryDecode(cursor, out var after) || after?.Contains('/', StringComparison.Ordinal) == false)
        {
            return ProblemExtensions.Invalid("cursor", "The cursor must be one that this list gave as next_cursor.");
        }

        var rows =
            from tool in db.Tools.AsNoTracking()
            join owner in db.Servers on tool.ServerId equals owner.Id
            where tool.RemovedAt == null && (server == null || owner.Name == server) && (state == null || tool.State == state)
            select new { Server = owner.Name, Tool = tool };
        var page = await VisiblePage.ReadAsync(
            limit,
            after,
            async (position, count) =>
            {
                var following = position?.Split('/', 2) is [var lastServer, var lastTool]
                    ? rows.Where(row => row.Server.CompareTo(lastServer) > 0 || (row.Server == lastServer && row.Tool.Name.CompareTo(lastTool) > 0))
                    : rows;
                return (await following.OrderBy(row => row.Server).ThenBy(row => row.Tool.Name).Take(count).ToListAsync(cancellationToken)).ConvertAll(row => new Row(row.Server, row.Tool));
            },
            row => row.Position,
            row => access.Decide(Permissions.McpServersRead, AccessResource.Server(row.Server)).Allowed);
        return TypedResults.Ok(new Page<DefinitionSummary>([.. page.Items.Select(row => DefinitionSummary.Of(row.Server, row.Tool))], page.NextCursor));
    }
}
