using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Users;

internal static class DeleteUser
{
    /// <summary>Ends the user's access at once, and what is personal after <see cref="UsersOptions.DeletedRetentionDays"/>; until then PATCH brings the user back.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, ChangeUser change, CancellationToken cancellationToken) =>
        (await change.ApplyAsync(id, "users.delete", state => state with { IsActive = false, IsDeleted = true }, cancellationToken)).Result is ProblemHttpResult problem
            ? problem
            : TypedResults.NoContent();
}
