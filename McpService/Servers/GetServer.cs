using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Servers;

internal static class GetServer
{
    public static async Task<Results<Ok<ServerResponse>, ProblemHttpResult>> HandleAsync(
        string id, ServerAccess access, CancellationToken cancellationToken) =>
        await access.FindAsync(id, Permissions.McpServersRead, cancellationToken) is { } server
            ? TypedResults.Ok(ServerResponse.For(access, server))
            : ServerQueries.NotFound();
}
