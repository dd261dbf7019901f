using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Tools;

internal static class ListTools
{
    /// <summary>In a tool's <c>_meta</c>: what its definition costs of a model's context, in tokens of o200k_base.</summary>
    private const string Tokens = "mcpplatform/tokens";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>The tools of the server that the caller may call, as it defines them now, without those that wait for approval. One page: the server's own pages are all followed.</summary>
    public static async Task<Results<Ok<Page<JsonObject>>, ProblemHttpResult>> HandleAsync(
        string id, ServerAccess servers, AccessDecider access, RelayCallers callers, ToolCatalogue catalogue, CancellationToken cancellationToken)
    {
        if (await servers.FindAsync(id, Permissions.McpToolsCall, cancellationToken) is not { Enabled: true } server)
        {
            return ServerQueries.NotFound();
        }

        var caller = callers.Current();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        try
        {
            var (tools, _) = await catalogue.RefreshAsync(server.ToUpstream(), SessionOwner.For(server.ToUpstream(), caller.User.Id, caller.AccessToken), timeout.Token);
            var callable = access.Filter(tools, Permissions.McpToolsCall, tool => AccessResource.Tool(server.Name, tool.Name));
            return TypedResults.Ok(new Page<JsonObject>([.. callable.Select(Describe)], null));
        }
        catch (Exception exception) when (ToolCallFailure.From(exception, server.Name, Timeout, cancellationToken) is { } failure)
        {
            return failure.ToProblem();
        }
    }

    private static JsonObject Describe(ApprovedTool tool)
    {
        var definition = JsonObject.Create(tool.Definition)!;
        if (tool.Tokens is { } tokens && (definition["_meta"] is null or JsonObject))
        {
            definition["_meta"] ??= new JsonObject();
            definition["_meta"]![Tokens] = tokens;
        }

        return definition;
    }
}
