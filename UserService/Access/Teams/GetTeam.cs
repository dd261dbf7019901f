using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Access.Teams;

internal static class GetTeam
{
    public static async Task<Results<Ok<TeamResponse>, ProblemHttpResult>> HandleAsync(string name, UsersDbContext db, CancellationToken cancellationToken) =>
        await db.FindTeamAsync(name, cancellationToken) is { } team ? TypedResults.Ok(TeamResponse.From(team)) : TeamRules.NotFound();
}
