using System.Text.Json.Nodes;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Upstream;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Protocol;

/// <summary>Hands on to a client's session what a server says and asks by itself, in the session that it has for this one.</summary>
internal sealed class SessionEar(ClientSession session, Registry registry, string server) : IUpstreamObserver
{
    private const string ElicitationComplete = "notifications/elicitation/complete";

    public async ValueTask NotifiedAsync(JsonRpcNotification notification, CancellationToken cancellationToken)
    {
        switch (notification.Method)
        {
            case NotificationMethods.ResourceUpdatedNotification:
                await TellUpdatedAsync(notification.Params as JsonObject, cancellationToken);
                break;
            case LogLevels.Notification when LogLevels.IsWanted(notification, session.LogLevel):
            case NotificationMethods.ToolListChangedNotification or NotificationMethods.PromptListChangedNotification or NotificationMethods.ResourceListChangedNotification or ElicitationComplete:
                await session.TellAsync(notification.Method, notification.Params, cancellationToken);
                break;
        }
    }

    public async Task<JsonRpcMessage> AskedAsync(JsonRpcRequest request, CancellationToken cancellationToken)
    {
        var parameters = request.Params?.DeepClone() as JsonObject;
        var client = new RelayClient(ProtocolVersions.NewestWithSessions, false, session.Capabilities, null);
        if (!client.CanBeAsked(request.Method, parameters) || registry.Current.Find(session.Bundle) is not { } scope)
        {
            return NobodyAsks.Refuse(request);
        }

        InputRequests.NameServer(request.Method, parameters, scope, server);
        return await session.AskAsync(request.Method, parameters, cancellationToken);
    }

    private async ValueTask TellUpdatedAsync(JsonObject? parameters, CancellationToken cancellationToken)
    {
        if (parameters?["uri"] is JsonValue value && value.TryGetValue(out string? uri) && session.Subscribes(server, uri)
            && registry.Current.Find(session.Bundle) is { } scope && ResourceUris.Expose(scope, server, uri) is { } exposed)
        {
            var told = parameters.DeepClone().AsObject();
            told["uri"] = exposed;
            told.Remove("_meta");
            await session.TellAsync(NotificationMethods.ResourceUpdatedNotification, told, cancellationToken);
        }
    }
}
