using System.Text.Json.Nodes;
using McpPlatform.McpService.Upstream;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>Hands on to the client what a server says and asks while it works on the client's request.</summary>
internal sealed class RelayObserver(RelayCall call, CallClock clock, UpstreamServer server) : IUpstreamObserver
{
    public ValueTask NotifiedAsync(JsonRpcNotification notification, CancellationToken cancellationToken) =>
        LogLevels.IsWanted(notification, call.LogLevel) ? call.Leg.NotifyAsync(notification.Method, notification.Params, cancellationToken) : ValueTask.CompletedTask;

    public async Task<JsonRpcMessage> AskedAsync(JsonRpcRequest request, CancellationToken cancellationToken)
    {
        var parameters = request.Params as JsonObject;
        if (!call.Client.CanBeAsked(request.Method, parameters))
        {
            return NobodyAsks.Refuse(request);
        }

        InputRequests.NameServer(request.Method, parameters, call, server.Name);
        using var pause = clock.Pause();
        return await call.Leg.AskAsync(request.Method, parameters, cancellationToken);
    }
}

/// <summary>RFC 5424's levels, as MCP uses them.</summary>
internal static class LogLevels
{
    public const string Notification = "notifications/message";

    private static readonly string[] Ascending = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    public static bool IsValid(string level) => Array.IndexOf(Ascending, level) >= 0;

    /// <summary>Whether a notification is no log message, or one of the level that the client wants, or above. Sessions with a server are shared by requests with different levels.</summary>
    public static bool IsWanted(JsonRpcNotification notification, string? from) =>
        notification.Method != Notification
        || (from is not null && notification.Params?["level"] is JsonValue value && value.TryGetValue(out string? level)
            && Array.IndexOf(Ascending, level) is var found && (found < 0 || found >= Array.IndexOf(Ascending, from)));
}
