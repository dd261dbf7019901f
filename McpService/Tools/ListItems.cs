using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.McpService.Tools;

/// <summary>The resources, resource templates and prompts of one server that the caller may use, as it lists them now. One page: the server's own pages are all followed.</summary>
internal static class ListItems
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static Task<Results<Ok<Page<JsonObject>>, ProblemHttpResult>> ResourcesAsync(
        string id, ServerAccess servers, RelayCallers callers, UpstreamLists lists, CancellationToken cancellationToken) => ReadAsync(ListKind.Resources, id, servers, callers, lists, cancellationToken);

    public static Task<Results<Ok<Page<JsonObject>>, ProblemHttpResult>> TemplatesAsync(
        string id, ServerAccess servers, RelayCallers callers, UpstreamLists lists, CancellationToken cancellationToken) => ReadAsync(ListKind.Templates, id, servers, callers, lists, cancellationToken);

    public static Task<Results<Ok<Page<JsonObject>>, ProblemHttpResult>> PromptsAsync(
        string id, ServerAccess servers, RelayCallers callers, UpstreamLists lists, CancellationToken cancellationToken) => ReadAsync(ListKind.Prompts, id, servers, callers, lists, cancellationToken);

    private static async Task<Results<Ok<Page<JsonObject>>, ProblemHttpResult>> ReadAsync(
        ListKind kind, string id, ServerAccess servers, RelayCallers callers, UpstreamLists lists, CancellationToken cancellationToken)
    {
        if (await servers.FindAsync(id, Permissions.McpToolsCall, cancellationToken) is not { Enabled: true } server)
        {
            return ServerQueries.NotFound();
        }

        var call = callers.Request(kind.Method, [], Timeout);
        var access = call.Caller.Access();
        try
        {
            var items = await lists.ReadAsync(call, server.ToUpstream(), kind, cancellationToken);
            return TypedResults.Ok(new Page<JsonObject>(
                [
                    .. items.Where(item => item[kind.Key] is JsonValue value && value.TryGetValue(out string? key)
                        && access.Decide(Permissions.McpToolsCall, Resources.Of(server.Name, kind, key)).Allowed),
                ], null));
        }
        catch (Exception exception) when (ToolCallFailure.From(exception, server.Name, Timeout, cancellationToken) is { } failure)
        {
            return failure.ToProblem();
        }
    }
}
