using McpPlatform.ServiceDefaults.Http;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

internal static class ListPermissions
{
    /// <summary>All of them in one page: the catalogue is defined in code, and short.</summary>
    public static async Task<Ok<Page<PermissionResponse>>> HandleAsync(UsersDbContext db, CancellationToken cancellationToken) =>
        TypedResults.Ok(new Page<PermissionResponse>(
            await db.Permissions.AsNoTracking().OrderBy(permission => permission.Name).Take(Cursor.MaxLimit)
                .Select(permission => new PermissionResponse(permission.Name, permission.Description))
                .ToListAsync(cancellationToken),
            NextCursor: null));
}

internal sealed record PermissionResponse(string Name, string Description);
