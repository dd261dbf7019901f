using System.ComponentModel.DataAnnotations;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

internal static class ListRoles
{
    /// <summary>By name.</summary>
    public static async Task<Results<Ok<Page<RoleResponse>>, ValidationProblem>> HandleAsync(
        UsersDbContext db,
        CancellationToken cancellationToken,
        [Range(1, Cursor.MaxLimit, ErrorMessage = "limit must be from 1 to 500.")] int limit = Cursor.DefaultLimit,
        string? cursor = null)
    {
        if (!Cursor.TryDecode(cursor, out var after) || (after is not null && !Slugs.IsSlug(after)))
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        var roles = db.Roles.AsNoTracking().Include(role => role.Permissions).AsQueryable();
        if (after is not null)
        {
            roles = roles.Where(role => role.Name.CompareTo(after) > 0);
        }

        var rows = await roles.OrderBy(role => role.Name).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Cursor.ToPage([.. rows.Select(RoleResponse.From)], limit, role => role.Name));
    }
}
