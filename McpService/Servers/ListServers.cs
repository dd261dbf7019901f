using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Servers;

internal static class ListServers
{
    public static async Task<Results<Ok<Page<ServerResponse>>, ValidationProblem>> HandleAsync(
        McpDbContext db, CurrentUser user, CancellationToken cancellationToken, int limit = Cursor.DefaultLimit, string? cursor = null)
    {
        if (limit is < 1 or > Cursor.MaxLimit)
        {
            return ProblemExtensions.Invalid("limit", $"The limit must be 1 to {Cursor.MaxLimit}.");
        }

        if (!Cursor.TryDecode(cursor, out var after))
        {
            return ProblemExtensions.Invalid("cursor", "The cursor must be one that this list gave as next_cursor.");
        }

        var servers = await db.Servers.AsNoTracking()
            .Where(server => after == null || server.Name.CompareTo(after) > 0)
            .OrderBy(server => server.Name).Take(limit + 1).ToListAsync(cancellationToken);
        var page = Cursor.ToPage(servers, limit, server => server.Name);
        return TypedResults.Ok(new Page<ServerResponse>([.. page.Items.Select(server => ServerResponse.For(user, server))], page.NextCursor));
    }
}
