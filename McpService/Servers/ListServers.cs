using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Servers;

internal static class ListServers
{
    public static async Task<Results<Ok<Page<ServerResponse>>, ValidationProblem>> HandleAsync(
        McpDbContext db, ServerAccess access, CancellationToken cancellationToken, int limit = Cursor.DefaultLimit, string? cursor = null)
    {
        if (limit is < 1 or > Cursor.MaxLimit)
        {
            return ProblemExtensions.Invalid("limit", $"The limit must be 1 to {Cursor.MaxLimit}.");
        }

        if (!Cursor.TryDecode(cursor, out var after))
        {
            return ProblemExtensions.Invalid("cursor", "The cursor must be one that this list gave as next_cursor.");
        }

        var page = await VisiblePage.ReadAsync(
            limit,
            after,
            (position, count) => db.Servers.AsNoTracking()
                .Where(server => position == null || server.Name.CompareTo(position) > 0)
                .OrderBy(server => server.Name).Take(count).ToListAsync(cancellationToken),
            server => server.Name,
            server => access.Allows(Permissions.McpServersRead, server));
        return TypedResults.Ok(new Page<ServerResponse>([.. page.Items.Select(server => ServerResponse.For(access, server))], page.NextCursor));
    }
}
