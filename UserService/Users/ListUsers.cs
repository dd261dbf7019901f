using System.ComponentModel.DataAnnotations;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Users;

internal static class ListUsers
{
    private const string Escape = "\\";

    /// <summary>By username; <paramref name="search"/> finds a part of the name or of the address, in any case.</summary>
    public static async Task<Results<Ok<Page<UserResponse>>, ValidationProblem>> HandleAsync(
        UsersDbContext db,
        CancellationToken cancellationToken,
        [MaxLength(UserConfiguration.MaxEmailLength, ErrorMessage = "search may have at most 254 characters.")] string? search = null,
        [Range(1, Cursor.MaxLimit, ErrorMessage = "limit must be from 1 to 500.")] int limit = Cursor.DefaultLimit,
        string? cursor = null)
    {
        // No name holds a NUL, and PostgreSQL takes none in a text.
        if (!Cursor.TryDecode(cursor, out var after) || after?.Contains('\0', StringComparison.Ordinal) == true)
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        if (search?.Contains('\0', StringComparison.Ordinal) == true)
        {
            return ProblemExtensions.Invalid("search", "search may not hold a NUL character.");
        }

        var users = db.Users.AsNoTracking().Where(user => user.AnonymisedAt == null);
        if (after is not null)
        {
            users = users.Where(user => user.Username.CompareTo(after) > 0);
        }

        if (!string.IsNullOrEmpty(search))
        {
            var pattern = $"%{Literal(search)}%";
            users = users.Where(user => EF.Functions.ILike(user.Username, pattern, Escape) || EF.Functions.ILike(user.Email!, pattern, Escape));
        }

        var rows = await users.OrderBy(user => user.Username).Take(limit + 1).Select(UserResponse.Projection).ToListAsync(cancellationToken);
        return TypedResults.Ok(Cursor.ToPage(rows, limit, user => user.Username));
    }

    private static string Literal(string text) => text
        .Replace(Escape, Escape + Escape, StringComparison.Ordinal)
        .Replace("%", Escape + "%", StringComparison.Ordinal)
        .Replace("_", Escape + "_", StringComparison.Ordinal);
}
