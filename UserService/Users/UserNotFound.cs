using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Users;

internal static class UserNotFound
{
    public static ProblemHttpResult Problem() => ProblemExtensions.Problem(StatusCodes.Status404NotFound, "There is no user with this id.");

    /// <summary>The caller's own profile: it follows the account by an event, a moment later.</summary>
    public static ProblemHttpResult NoProfileYet() =>
        ProblemExtensions.Problem(StatusCodes.Status404NotFound, "You have no profile yet: try again in a moment.");
}
