using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>The revision 2026-07-28: no session, every request says for itself who asks and in which version; closing the connection cancels.</summary>
internal sealed class ModernHttpLeg(UpstreamHttp http, UpstreamEndpoint endpoint, UpstreamProfile profile) : IUpstreamLeg
{
    private long lastId;

    public string ProtocolVersion => ProtocolVersions.Modern;

    public bool IsModern => true;

    public UpstreamProfile Profile => profile;

    public async Task<JsonRpcMessage> ExchangeAsync(UpstreamCall request, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        var message = new JsonRpcRequest
        {
            Id = new RequestId(Interlocked.Increment(ref lastId)), Method = request.Method, Params = ModernMeta.AddTo(request.Parameters, request.Capabilities, request.LogLevel),
        };
        return (await http.ExchangeAsync(endpoint with { Headers = request.Headers, CallersToken = request.Caller?.AccessToken ?? endpoint.CallersToken }, message, observer, cancellationToken)).Reply;
    }

    // The era knows one notification of a client, and closing the connection says the same.
    public Task NotifyAsync(string method, JsonObject? parameters, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ListenAsync(JsonObject wanted, IUpstreamObserver observer, CancellationToken cancellationToken) =>
        ExchangeAsync(new UpstreamCall("subscriptions/listen", new JsonObject { ["notifications"] = wanted.DeepClone() }), observer, cancellationToken);

    public Task CloseAsync() => Task.CompletedTask;
}

/// <summary>What a request of 2026-07-28 says of itself in <c>_meta</c>.</summary>
internal static class ModernMeta
{
    public static JsonObject AddTo(JsonObject parameters, JsonObject? capabilities = null, string? logLevel = null)
    {
        if (parameters["_meta"] is not JsonObject meta)
        {
            parameters["_meta"] = meta = [];
        }

        // A task of 2025-11-25; in this era the server decides about tasks.
        parameters.Remove("task");
        meta[MetaKeys.ProtocolVersion] = ProtocolVersions.Modern;
        meta[MetaKeys.ClientInfo] = ClientInfo.Create();
        meta[MetaKeys.ClientCapabilities] = capabilities?.DeepClone() ?? new JsonObject();
        meta.Remove(LogLevel);
        if (logLevel is not null)
        {
            meta[LogLevel] = logLevel;
        }

        return parameters;
    }

    /// <summary>Takes out what a server of the older revisions refuses.</summary>
    public static JsonObject RemoveFrom(JsonObject parameters)
    {
        if (parameters["_meta"] is JsonObject meta)
        {
            foreach (var key in (string[])[MetaKeys.ProtocolVersion, MetaKeys.ClientInfo, MetaKeys.ClientCapabilities, LogLevel])
            {
                meta.Remove(key);
            }

            if (meta.Count == 0)
            {
                parameters.Remove("_meta");
            }
        }

        parameters.Remove("inputResponses");
        parameters.Remove("requestState");
        return parameters;
    }

#pragma warning disable MCP9005 // Log messages are deprecated by 2026-07-28, and still part of it.
    public const string LogLevel = MetaKeys.LogLevel;
#pragma warning restore MCP9005
}

/// <summary>The revisions of MCP, newest first.</summary>
internal static class ProtocolVersions
{
    public const string Modern = "2026-07-28", NewestWithSessions = "2025-11-25";

    /// <summary>Those with <c>initialize</c>.</summary>
    public static IReadOnlyList<string> WithSessions { get; } = [NewestWithSessions, "2025-06-18", "2025-03-26", "2024-11-05"];
}
