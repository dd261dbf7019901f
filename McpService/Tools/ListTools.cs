using System.Text.Json;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tools;

internal static class ListTools
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>All tools of the server as it defines them now. One page: the server's own pages are all followed.</summary>
    public static async Task<Results<Ok<Page<JsonElement>>, ProblemHttpResult>> HandleAsync(
        string id, McpDbContext db, ToolCatalogue catalogue, CancellationToken cancellationToken)
    {
        if (await db.Servers.AsNoTracking().FindServerAsync(id, cancellationToken) is not { Enabled: true } server)
        {
            return ServerQueries.NotFound();
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        try
        {
            return TypedResults.Ok(new Page<JsonElement>(await catalogue.RefreshAsync(server.ToUpstream(), timeout.Token), null));
        }
        catch (Exception exception) when (ToolCallFailure.From(exception, server.Name, Timeout, cancellationToken) is { } failure)
        {
            return failure.ToProblem();
        }
    }
}
