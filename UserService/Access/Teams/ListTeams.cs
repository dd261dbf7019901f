using System.ComponentModel.DataAnnotations;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Teams;

internal static class ListTeams
{
    /// <summary>By name.</summary>
    public static async Task<Results<Ok<Page<TeamResponse>>, ValidationProblem>> HandleAsync(
        UsersDbContext db,
        CancellationToken cancellationToken,
        [Range(1, Cursor.MaxLimit, ErrorMessage = "limit must be from 1 to 500.")] int limit = Cursor.DefaultLimit,
        string? cursor = null)
    {
        if (!Cursor.TryDecode(cursor, out var after) || (after is not null && !Slugs.IsSlug(after)))
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        var teams = db.Teams.AsNoTracking().Include(team => team.Roles).Include(team => team.Owns).AsSplitQuery();
        if (after is not null)
        {
            teams = teams.Where(team => team.Name.CompareTo(after) > 0);
        }

        var rows = await teams.OrderBy(team => team.Name).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Cursor.ToPage([.. rows.Select(TeamResponse.From)], limit, team => team.Name));
    }
}
