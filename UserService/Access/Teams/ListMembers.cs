using System.ComponentModel.DataAnnotations;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Teams;

internal sealed record MemberResponse(Guid UserId, string Username, bool IsActive);

internal static class ListMembers
{
    /// <summary>By username.</summary>
    public static async Task<Results<Ok<Page<MemberResponse>>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        string name,
        UsersDbContext db,
        CancellationToken cancellationToken,
        [Range(1, Cursor.MaxLimit, ErrorMessage = "limit must be from 1 to 500.")] int limit = Cursor.DefaultLimit,
        string? cursor = null)
    {
        if (!Cursor.TryDecode(cursor, out var after) || after?.Contains('\0', StringComparison.Ordinal) == true)
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        if (!Slugs.IsSlug(name) || !await db.Teams.AnyAsync(team => team.Name == name, cancellationToken))
        {
            return TeamRules.NotFound();
        }

        var members = db.TeamMembers.Where(member => member.TeamName == name).Join(db.Users, member => member.UserId, user => user.Id, (_, user) => user);
        if (after is not null)
        {
            members = members.Where(user => user.Username.CompareTo(after) > 0);
        }

        var rows = await members.OrderBy(user => user.Username).Take(limit + 1)
            .Select(user => new MemberResponse(user.Id, user.Username, user.IsActive)).ToListAsync(cancellationToken);
        return TypedResults.Ok(Cursor.ToPage(rows, limit, member => member.Username));
    }
}
