using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// What servers tell by themselves: changed lists, changed resources. A client of 2026-07-28 listens with a request that stays open; the first word on it says what
/// it will be told of. Changes that the platform itself makes (servers, bundles, definitions) are told like those of servers.
/// </summary>
internal sealed class ListenRelay(UpstreamSessions sessions, ItemRelay items, TaskRelay tasks, ListChanges changes, IOptions<UpstreamOptions> options)
{
    private const string TaskNotification = "notifications/tasks", TaskIds = "taskIds", SubscriptionId = "io.modelcontextprotocol/subscriptionId";
    private static readonly (string Flag, string Notification)[] Flags =
    [
        ("toolsListChanged", NotificationMethods.ToolListChangedNotification),
        ("promptsListChanged", NotificationMethods.PromptListChangedNotification),
        ("resourcesListChanged", NotificationMethods.ResourceListChangedNotification),
    ];

    public async Task<RelayAnswer> ListenAsync(RelayCall call, CancellationToken cancellationToken)
    {
        if (call.Parameters["notifications"] is not JsonObject wanted)
        {
            return RelayAnswer.Fail(RelayError.InvalidParams, "The parameter notifications must be an object that says what to listen to.");
        }

        var id = call.RequestId ?? JsonValue.Create(string.Empty);
        var granted = new JsonObject();
        foreach (var (flag, _) in Flags.Where(flag => wanted[flag.Flag] is JsonValue value && value.TryGetValue(out bool on) && on))
        {
            granted[flag] = true;
        }

        var uris = await ResolveAsync(call, wanted, cancellationToken);
        if (uris.Count > 0)
        {
            granted["resourceSubscriptions"] = new JsonArray([.. uris.Select(uri => (JsonNode)uri.Exposed)]);
        }

        var followed = await FindTasksAsync(call, wanted);
        if (followed.Count > 0)
        {
            granted[TaskIds] = new JsonArray([.. followed.Select(task => (JsonNode)task.Exposed)]);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var observer = new Listener(call, granted, id, followed);
        await call.Leg.NotifyAsync(NotificationMethods.SubscriptionsAcknowledgedNotification, Tag(new JsonObject { ["notifications"] = granted.DeepClone() }, id), cancellationToken);
        var upstream = call.Scope.Members.Select(member => FollowAsync(call, member, granted, uris, followed, observer, stop.Token)).ToList();
        try
        {
            await foreach (var notification in changes.FollowAsync(call.Scope.Bundle, cancellationToken))
            {
                await observer.TellAsync(notification, null, cancellationToken);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(upstream);
        }

        return new(new JsonObject { ["resultType"] = "complete" });
    }

    private async Task<List<(string Exposed, string Server, string Own)>> ResolveAsync(RelayCall call, JsonObject wanted, CancellationToken cancellationToken)
    {
        List<(string, string, string)> found = [];
        foreach (var node in wanted["resourceSubscriptions"] as JsonArray ?? [])
        {
            if (node is JsonValue value && value.TryGetValue(out string? uri) && await items.FindResourceAsync(call, uri, cancellationToken) is { } item
                && call.Caller.Access().Decide(Permissions.McpToolsCall, Resources.Resource(item.Server, item.Name)).Allowed)
            {
                found.Add((uri, item.Server, item.Name));
            }
        }

        return found;
    }

    private async Task<List<(string Exposed, string Server, string Own)>> FindTasksAsync(RelayCall call, JsonObject wanted)
    {
        List<(string, string, string)> found = [];
        foreach (var node in wanted[TaskIds] as JsonArray ?? [])
        {
            if (node is JsonValue value && value.TryGetValue(out string? id) && await tasks.FindAsync(call, id) is var (member, ticket))
            {
                found.Add((id, member.Server.Name, ticket.Id));
            }
        }

        return found;
    }

    // Again and again: a server that was restarted is followed when it is back.
    private async Task FollowAsync(
        RelayCall call, ScopeMember member, JsonObject granted, List<(string Exposed, string Server, string Own)> uris, List<(string Exposed, string Server, string Own)> followed,
        Listener observer, CancellationToken cancellationToken)
    {
        var wanted = new JsonObject();
        foreach (var (flag, _) in Flags.Where(flag => granted.ContainsKey(flag.Flag)))
        {
            wanted[flag] = true;
        }

        var own = uris.Where(uri => uri.Server == member.Server.Name).ToList();
        if (own.Count > 0)
        {
            wanted["resourceSubscriptions"] = new JsonArray([.. own.Select(uri => (JsonNode)uri.Own)]);
        }

        if (followed.Where(task => task.Server == member.Server.Name).Select(task => (JsonNode)task.Own).ToArray() is { Length: > 0 } ids)
        {
            wanted[TaskIds] = new JsonArray(ids);
        }

        if (wanted.Count == 0)
        {
            return;
        }

        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    await sessions.UseAsync(member.Server.Upstream, call.Owner, async leg =>
                    {
                        await SubscribeAsync(leg, own, cancellationToken);
                        await leg.ListenAsync(wanted, observer.For(member.Server.Name), cancellationToken);
                        return true;
                    }, cancellationToken);
                }
                catch (Exception exception) when (UpstreamExceptions.IsOurs(exception))
                {
                    // It is away, or has nothing to listen to.
                }

                await Task.Delay(options.Value.ListTimeout, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The client has gone.
        }
    }

    private static async Task SubscribeAsync(IUpstreamLeg leg, List<(string Exposed, string Server, string Own)> uris, CancellationToken cancellationToken)
    {
        foreach (var (_, _, uri) in leg.IsModern ? [] : uris)
        {
            await leg.ExchangeAsync(new UpstreamCall(RequestMethods.ResourcesSubscribe, new JsonObject { ["uri"] = uri }), NobodyAsks.Instance, cancellationToken);
        }
    }

    private static JsonObject Tag(JsonObject? parameters, JsonNode id)
    {
        parameters = parameters?.DeepClone().AsObject() ?? [];
        var meta = (JsonObject)(parameters["_meta"] ??= new JsonObject());
        meta[SubscriptionId] = id.DeepClone();
        return parameters;
    }

    private sealed class Listener(RelayCall call, JsonObject granted, JsonNode id, List<(string Exposed, string Server, string Own)> tasks)
    {
        public IUpstreamObserver For(string server) => new Ear(this, server);

        public async ValueTask TellAsync(string method, JsonObject? parameters, CancellationToken cancellationToken)
        {
            if (Flags.Any(flag => flag.Notification == method && granted.ContainsKey(flag.Flag)))
            {
                await call.Leg.NotifyAsync(method, Tag(parameters, id), cancellationToken);
            }
        }

        public async ValueTask UpdatedAsync(string server, JsonObject? parameters, CancellationToken cancellationToken)
        {
            if (parameters?["uri"] is JsonValue value && value.TryGetValue(out string? uri)
                && ResourceUris.Expose(call.Scope, server, uri) is var exposed
                && (granted["resourceSubscriptions"] as JsonArray ?? []).Any(granted => granted!.GetValue<string>() == exposed))
            {
                var told = parameters.DeepClone().AsObject();
                told["uri"] = exposed;
                await call.Leg.NotifyAsync(NotificationMethods.ResourceUpdatedNotification, Tag(told, id), cancellationToken);
            }
        }

        public async ValueTask TaskChangedAsync(string server, JsonObject? parameters, CancellationToken cancellationToken)
        {
            if (parameters?["taskId"] is JsonValue value && value.TryGetValue(out string? own) && tasks.Find(task => task.Server == server && task.Own == own) is { Exposed: { } exposed })
            {
                var told = parameters.DeepClone().AsObject();
                TaskTickets.Replace(told, own, exposed);
                await call.Leg.NotifyAsync(TaskNotification, Tag(told, id), cancellationToken);
            }
        }

        private sealed class Ear(Listener listener, string server) : IUpstreamObserver
        {
            public ValueTask NotifiedAsync(JsonRpcNotification notification, CancellationToken cancellationToken) =>
                notification.Method switch
                {
                    NotificationMethods.ResourceUpdatedNotification => listener.UpdatedAsync(server, notification.Params as JsonObject, cancellationToken),
                    TaskNotification => listener.TaskChangedAsync(server, notification.Params as JsonObject, cancellationToken),
                    _ => listener.TellAsync(notification.Method, Untagged(notification.Params as JsonObject), cancellationToken),
                };

            public Task<JsonRpcMessage> AskedAsync(JsonRpcRequest request, CancellationToken cancellationToken) => Task.FromResult<JsonRpcMessage>(NobodyAsks.Refuse(request));

            private static JsonObject? Untagged(JsonObject? parameters)
            {
                (parameters?["_meta"] as JsonObject)?.Remove(SubscriptionId);
                return parameters;
            }
        }
    }
}
