using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Definitions;

internal static class GetDefinition
{
    public const string NoSuchTool = "The server has no tool of that name.";

    /// <summary>A tool's definition, what was approved of it, how they differ, and what the lint found.</summary>
    public static async Task<Results<Ok<DefinitionResponse>, ProblemHttpResult>> HandleAsync(
        string id, string tool, McpDbContext db, ServerAccess access, CancellationToken cancellationToken)
    {
        if (await access.FindAsync(id, Permissions.McpServersRead, cancellationToken) is not { } server)
        {
            return ServerQueries.NotFound();
        }

        var name = NameOf(tool);
        return await db.Tools.AsNoTracking().SingleOrDefaultAsync(row => row.ServerId == server.Id && row.Name == name && row.RemovedAt == null, cancellationToken) is { } found
            ? TypedResults.Ok(DefinitionResponse.Of(server.Name, found))
            : ProblemExtensions.Problem(StatusCodes.Status404NotFound, NoSuchTool);
    }

    /// <summary>Routing leaves an escaped slash as it is.</summary>
    public static string NameOf(string segment) => segment.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
