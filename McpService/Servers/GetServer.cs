using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Servers;

internal static class GetServer
{
    public static async Task<Results<Ok<ServerResponse>, ProblemHttpResult>> HandleAsync(
        string id, McpDbContext db, CurrentUser user, CancellationToken cancellationToken) =>
        await db.Servers.AsNoTracking().FindServerAsync(id, cancellationToken) is { } server
            ? TypedResults.Ok(ServerResponse.For(user, server))
            : ServerQueries.NotFound();
}
