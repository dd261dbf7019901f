using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>The revision 2026-07-28: no session, every request says for itself who asks and in which version; closing the connection cancels.</summary>
internal sealed class ModernHttpLeg(UpstreamHttp http, Uri url, bool hasTools) : IUpstreamLeg
{
    public const string Version = "2026-07-28";
    private long lastId;

    public string ProtocolVersion => Version;

    public bool HasTools => hasTools;

    public static JsonObject AddMeta(JsonObject parameters)
    {
        if (parameters["_meta"] is not JsonObject meta)
        {
            parameters["_meta"] = meta = [];
        }

        meta[MetaKeys.ProtocolVersion] = Version;
        meta[MetaKeys.ClientInfo] = ClientInfo.Create();
        meta[MetaKeys.ClientCapabilities] = new JsonObject();
        return parameters;
    }

    public async Task<JsonObject> RequestAsync(string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        var id = new RequestId(Interlocked.Increment(ref lastId));
        var (result, _) = await http.RequestAsync(
            new UpstreamEndpoint(url), new JsonRpcRequest { Id = id, Method = method, Params = AddMeta(parameters) }, cancellationToken);
        return result["resultType"] is JsonValue type && type.TryGetValue(out string? value) && value == "input_required"
            ? throw new UpstreamException(UpstreamFailure.NeedsInput, "asks for input in the middle of the call, which callers over this API cannot give")
            : result;
    }

    public Task PingAsync(CancellationToken cancellationToken) => RequestAsync("server/discover", [], cancellationToken);

    public Task CloseAsync() => Task.CompletedTask;
}
