using McpPlatform.ServiceDefaults.Http;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

internal static class ListRoles
{
    public static async Task<Ok<Page<RoleResponse>>> HandleAsync(UsersDbContext db, CancellationToken cancellationToken) =>
        TypedResults.Ok(new Page<RoleResponse>(
            await db.Roles.AsNoTracking().OrderBy(role => role.Name).Take(Cursor.MaxLimit)
                .Select(role => new RoleResponse(
                    role.Name, role.Description, role.IsBuiltIn,
                    role.Permissions.OrderBy(permission => permission.PermissionName).Select(permission => permission.PermissionName).ToList()))
                .ToListAsync(cancellationToken),
            NextCursor: null));
}

internal sealed record RoleResponse(string Name, string Description, bool IsBuiltIn, IReadOnlyList<string> Permissions);
