using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Servers;

/// <summary>Finding a server by what stands in a route.</summary>
internal static class ServerQueries
{
    public const string NotFoundSentence = "There is no MCP server with that id or name, or none that you may use.";

    public static Task<Server?> FindServerAsync(this IQueryable<Server> servers, string idOrName, CancellationToken cancellationToken) =>
        Guid.TryParse(idOrName, out var id)
            ? servers.SingleOrDefaultAsync(server => server.Id == id, cancellationToken)
            : servers.SingleOrDefaultAsync(server => server.Name == idOrName, cancellationToken);

    /// <summary>Ends the conversations with a server, at every replica, and has it looked at. Who changes its credentials does so behind this, one at a time.</summary>
    /// <returns>How many servers there are of that id.</returns>
    public static Task<int> EndSessionsAsync(this McpDbContext db, Guid server, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.Servers.Where(row => row.Id == server).ExecuteUpdateAsync(
            set => set.SetProperty(row => row.SessionsSince, now).SetProperty(row => row.Health.NextCheckAt, (DateTimeOffset?)null), cancellationToken);

    public static ProblemHttpResult NotFound() =>
        ProblemExtensions.Problem(StatusCodes.Status404NotFound, NotFoundSentence);
}
