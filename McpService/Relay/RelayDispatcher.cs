using System.Text.Json.Nodes;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Tools;
using McpPlatform.McpService.Upstream;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>Answers the requests of MCP clients, each by what its method is about.</summary>
internal sealed class RelayDispatcher(Registry registry, ListRelay lists, ItemRelay items, ToolCalls tools, DiscoverComposer discover, ListenRelay listening, TaskRelay tasks, TaskTickets tickets)
{
    private const int MaxMessage = 200;

    public Task<RelayAnswer> AnswerAsync(RelayCall call, CancellationToken cancellationToken) => call.Method switch
    {
        RequestMethods.ToolsList => lists.ListAsync(call, ListKind.Tools, cancellationToken),
        RequestMethods.ToolsCall => CallToolAsync(call, cancellationToken),
        RequestMethods.PromptsList => lists.ListAsync(call, ListKind.Prompts, cancellationToken),
        RequestMethods.PromptsGet => items.GetPromptAsync(call, cancellationToken),
        RequestMethods.ResourcesList => lists.ListAsync(call, ListKind.Resources, cancellationToken),
        RequestMethods.ResourcesTemplatesList => lists.ListAsync(call, ListKind.Templates, cancellationToken),
        RequestMethods.ResourcesRead => items.ReadResourceAsync(call, cancellationToken),
        RequestMethods.CompletionComplete => items.CompleteAsync(call, cancellationToken),
        "server/discover" when call.Client.IsModern => discover.AnswerAsync(call, cancellationToken),
        RequestMethods.SubscriptionsListen when call.Client.IsModern => listening.ListenAsync(call, cancellationToken),
        _ when TaskRelay.Has(call) => tasks.AnswerAsync(call, cancellationToken),
        _ => Task.FromResult(RelayAnswer.Fail(RelayError.MethodNotFound, $"The method '{Cut(call.Method)}' is not one of this server.")),
    };

    private async Task<RelayAnswer> CallToolAsync(RelayCall call, CancellationToken cancellationToken)
    {
        if (call.Parameters["name"] is not JsonValue value || !value.TryGetValue(out string? name))
        {
            return RelayAnswer.Fail(RelayError.InvalidParams, "The parameter name must be the name of a tool.");
        }

        if (call.Parameters["arguments"] is { } arguments and not JsonObject)
        {
            return RelayAnswer.Fail(RelayError.InvalidParams, $"The arguments must be an object, not {arguments.GetValueKind()}.");
        }

        var item = call.Scope.ToolNames.Find(name) ?? await FindNewAsync(call, name, cancellationToken);
        var outcome = item is null ? await tools.RefuseUnknownAsync(call, name) : await tools.CallAsync(call, item.Server, item.Name, cancellationToken);
        ContentUris.Expose(outcome.Result, call.Scope, outcome.Server);
        if (outcome.ServerId is { } server)
        {
            tickets.Seal(outcome.Result, call.Caller.User.Id, server, outcome.Tool);
        }

        return ToolAnswers.Of(call, name, outcome);
    }

    // One that its server has since a moment ago.
    private async Task<ServerItem?> FindNewAsync(RelayCall call, string name, CancellationToken cancellationToken)
    {
        await lists.ListAsync(call with { Method = RequestMethods.ToolsList, Parameters = [] }, ListKind.Tools, cancellationToken);
        return registry.Current.Find(call.Scope.Bundle)?.ToolNames.Find(name);
    }

    private static string Cut(string text) => text.Length <= MaxMessage ? text : text[..MaxMessage] + "…";
}
