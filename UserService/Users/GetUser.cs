using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Users;

internal static class GetUser
{
    public static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> HandleAsync(Guid id, UsersDbContext db, CancellationToken cancellationToken) =>
        await db.Users.AsNoTracking().Where(user => user.Id == id && user.AnonymisedAt == null).Select(UserResponse.Projection).SingleOrDefaultAsync(cancellationToken) is { } user
            ? TypedResults.Ok(user)
            : UserNotFound.Problem();
}
