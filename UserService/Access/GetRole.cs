using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Access;

internal static class GetRole
{
    public static async Task<Results<Ok<RoleResponse>, ProblemHttpResult>> HandleAsync(string name, UsersDbContext db, CancellationToken cancellationToken) =>
        await db.FindRoleAsync(name, cancellationToken) is { } role ? TypedResults.Ok(RoleResponse.From(role)) : RoleRules.NotFound();
}
