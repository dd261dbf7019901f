using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Tools;

internal static class ListTools
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>The tools of the server that the caller may call, as it defines them now, without those that wait for approval. One page: the server's own pages are all followed.</summary>
    public static async Task<Results<Ok<Page<JsonElement>>, ProblemHttpResult>> HandleAsync(
        string id, ServerAccess servers, AccessDecider access, ToolCatalogue catalogue, CancellationToken cancellationToken)
    {
        if (await servers.FindAsync(id, Permissions.McpToolsCall, cancellationToken) is not { Enabled: true } server)
        {
            return ServerQueries.NotFound();
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        try
        {
            var (tools, _) = await catalogue.RefreshAsync(server.ToUpstream(), timeout.Token);
            var callable = access.Filter(tools, Permissions.McpToolsCall, tool => AccessResource.Tool(server.Name, tool.GetProperty("name").GetString()!));
            return TypedResults.Ok(new Page<JsonElement>([.. callable], null));
        }
        catch (Exception exception) when (ToolCallFailure.From(exception, server.Name, Timeout, cancellationToken) is { } failure)
        {
            return failure.ToProblem();
        }
    }
}
