using System.ComponentModel.DataAnnotations;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Connections;

internal static class ListConnections
{
    private const int Batch = 500;

    /// <summary>The caller's own profiles and those that the caller may use, in the order in which they were made.</summary>
    public static async Task<Results<Ok<Page<ConnectionResponse>>, ValidationProblem>> HandleAsync(
        UsersDbContext db,
        CurrentUser caller,
        AccessDecider decider,
        CancellationToken cancellationToken,
        [Range(1, Cursor.MaxLimit, ErrorMessage = "limit must be from 1 to 500.")] int limit = Cursor.DefaultLimit,
        string? cursor = null)
    {
        var after = Guid.Empty;
        if (!Cursor.TryDecode(cursor, out var position) || (position is not null && !Guid.TryParse(position, out after)))
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        // Rules are patterns, which only the decision engine reads: what it allows is found by asking it, batch after batch.
        List<ConnectionProfile> found = [];
        for (var more = true; more && found.Count <= limit;)
        {
            var from = after;
            var batch = await db.UsableConnections().AsNoTracking().Where(profile => profile.Id > from).OrderBy(profile => profile.Id).Take(Batch)
                .ToListAsync(cancellationToken);
            found.AddRange(batch.Where(decider.MaySee));
            more = batch.Count == Batch;
            after = more ? batch[^1].Id : after;
        }

        var page = Cursor.ToPage(found.Take(limit + 1).ToList(), limit, profile => profile.Id.ToString());
        return TypedResults.Ok(new Page<ConnectionResponse>([.. page.Items.Select(profile => ConnectionResponse.For(caller, profile))], page.NextCursor));
    }
}
