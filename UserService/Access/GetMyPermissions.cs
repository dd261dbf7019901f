using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

internal static class GetMyPermissions
{
    /// <summary>What the user holds now: a token that was issued before the last change says something else until it is renewed.</summary>
    public static async Task<Results<Ok<MyPermissionsResponse>, ProblemHttpResult>> HandleAsync(
        UsersDbContext db, CurrentUser caller, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().Include(x => x.Roles).SingleOrDefaultAsync(x => x.Id == caller.Id, cancellationToken);
        if (user is null)
        {
            return ProblemExtensions.Problem(StatusCodes.Status404NotFound, "You have no profile yet: try again in a moment.");
        }

        var grants = user.IsActive ? await RoleGrants.LoadAsync(db, user.RoleNames, cancellationToken) : RoleGrants.None;
        return TypedResults.Ok(new MyPermissionsResponse(user.Id, grants.Roles, grants.Permissions));
    }
}

internal sealed record MyPermissionsResponse(Guid UserId, IReadOnlyList<string> Roles, IReadOnlyList<string> Permissions);
