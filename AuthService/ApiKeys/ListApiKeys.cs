using System.ComponentModel.DataAnnotations;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.ApiKeys;

/// <summary>A key, without what would let one use it.</summary>
/// <param name="Id">What deletes it.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Prefix">How it begins, to find it where it is used.</param>
/// <param name="Scopes">What it may do, and on what.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it stops working.</param>
/// <param name="LastUsedAt">When it was last exchanged for a token, which is good for up to five minutes.</param>
internal sealed record ApiKeyResponse(
    Guid Id, string Name, string Prefix, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt);

internal static class ListApiKeys
{
    /// <summary>One's own keys, the newest first, also those that have expired.</summary>
    public static async Task<Results<Ok<Page<ApiKeyResponse>>, ValidationProblem>> HandleAsync(
        AuthDbContext db, CurrentUser user, CancellationToken cancellationToken,
        [Range(1, Cursor.MaxLimit, ErrorMessage = "limit must be from 1 to 500.")] int limit = Cursor.DefaultLimit,
        string? cursor = null)
    {
        var before = Guid.Empty;
        if (!Cursor.TryDecode(cursor, out var position) || (position is not null && !Guid.TryParse(position, out before)))
        {
            return ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }

        var keys = db.ApiKeys.AsNoTracking().Where(key => key.UserId == user.Id);
        if (position is not null)
        {
            keys = keys.Where(key => key.Id < before);
        }

        var rows = await keys.OrderByDescending(key => key.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Cursor.ToPage(
            [.. rows.Select(key => new ApiKeyResponse(
                key.Id, key.Name, ApiKeyFormat.Prefix + key.PublicName, [.. key.Permissions, .. key.Limits], key.CreatedAt, key.ExpiresAt, key.LastUsedAt))],
            limit, key => key.Id.ToString()));
    }
}
