using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Connections;

internal static class GetConnection
{
    public static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> HandleAsync(
        Guid id, UsersDbContext db, CurrentUser caller, AccessDecider decider, CancellationToken cancellationToken) =>
        await ConnectionAccess.FindVisibleAsync(db, decider, id, cancellationToken) is { } profile
            ? TypedResults.Ok(ConnectionResponse.For(caller, profile))
            : ConnectionProblems.NotFound();
}
