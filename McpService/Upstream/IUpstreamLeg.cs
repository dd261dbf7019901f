using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// Our side of the conversation with one MCP server, in the era of the protocol that it speaks. Parameters and results are JSON as it is on the wire,
/// so that members that this version of the platform does not know survive.
/// </summary>
internal interface IUpstreamLeg
{
    /// <summary>The revision of MCP that was negotiated, such as <c>2025-11-25</c>.</summary>
    string ProtocolVersion { get; }

    /// <summary>Whether that is a revision without sessions, where each request says all about itself (2026-07-28).</summary>
    bool IsModern { get; }

    /// <summary>What the server said that it can, as it said it.</summary>
    UpstreamProfile Profile { get; }

    /// <summary>Sends one request and waits for its reply.</summary>
    /// <param name="request">Its parameters are taken over: the caller must not use them afterwards.</param>
    /// <param name="observer">Gets what the server sends before its reply.</param>
    /// <param name="cancellationToken">Cancels the request at the server too.</param>
    /// <returns>A <see cref="JsonRpcResponse"/>, whose result is an object, or a <see cref="JsonRpcError"/>.</returns>
    /// <exception cref="UpstreamSessionLostException">It did not execute the request: open another leg.</exception>
    /// <exception cref="UpstreamException">It gave no usable answer.</exception>
    Task<JsonRpcMessage> ExchangeAsync(UpstreamCall request, IUpstreamObserver observer, CancellationToken cancellationToken);

    /// <summary>Hands on a notification of the caller's. Never waits for more than its acceptance.</summary>
    Task NotifyAsync(string method, JsonObject? parameters, CancellationToken cancellationToken);

    /// <summary>Hears what the server sends by itself, until cancelled or until the server ends it.</summary>
    /// <param name="wanted">What to hear, as <c>subscriptions/listen</c> has it.</param>
    /// <param name="observer">Gets it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task ListenAsync(JsonObject wanted, IUpstreamObserver observer, CancellationToken cancellationToken);

    /// <summary>Ends the session at the server, where there is one. Never throws.</summary>
    Task CloseAsync();
}

/// <summary>What a server said of itself when it was first spoken to.</summary>
/// <param name="Capabilities">Its capabilities.</param>
/// <param name="ServerInfo">Its name and version.</param>
/// <param name="Instructions">How it wants to be used.</param>
internal sealed record UpstreamProfile(JsonObject Capabilities, JsonObject? ServerInfo, string? Instructions)
{
    /// <summary>Whether it has this kind of thing: <c>tools</c>, <c>resources</c>, <c>prompts</c>, <c>completions</c>, <c>logging</c>.</summary>
    public bool Has(string capability) => Capabilities.ContainsKey(capability);

    public static UpstreamProfile Of(JsonObject result) => new(
        (result["capabilities"] as JsonObject)?.DeepClone().AsObject() ?? [],
        ((result["serverInfo"] ?? result["_meta"]?["io.modelcontextprotocol/serverInfo"]) as JsonObject)?.DeepClone().AsObject(),
        (result["instructions"] as JsonValue)?.TryGetValue(out string? text) == true ? text : null);
}

/// <summary>One request to an MCP server.</summary>
/// <param name="Method">Such as <c>tools/call</c>.</param>
/// <param name="Parameters">Its parameters, <c>_meta</c> of the caller included.</param>
internal sealed record UpstreamCall(string Method, JsonObject Parameters)
{
    /// <summary>What the caller can be asked in the middle of this request. Sessions fix it when they are opened.</summary>
    public JsonObject Capabilities { get; init; } = [];

    /// <summary>From which level on the caller wants log messages; null for none.</summary>
    public string? LogLevel { get; init; }

    /// <summary>The caller's own token. For servers that are part of this process and for the operator's token exchange; never sent to an MCP server.</summary>
    public (Guid User, string? AccessToken)? Caller { get; init; }

    /// <summary>HTTP headers that the tool's schema asks for (<c>Mcp-Param-*</c>).</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    // A record prints its members.
    public override string ToString() => Method;
}

/// <summary>Gets what a server sends while it works on a request.</summary>
internal interface IUpstreamObserver
{
    ValueTask NotifiedAsync(JsonRpcNotification notification, CancellationToken cancellationToken);

    /// <summary>The server asks the caller for something: sampling, elicitation, roots.</summary>
    /// <returns>The answer: a response or an error. Its id does not matter.</returns>
    Task<JsonRpcMessage> AskedAsync(JsonRpcRequest request, CancellationToken cancellationToken);
}

/// <summary>Nobody is there to be told or asked.</summary>
internal sealed class NobodyAsks : IUpstreamObserver
{
    public static NobodyAsks Instance { get; } = new();

    public ValueTask NotifiedAsync(JsonRpcNotification notification, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public Task<JsonRpcMessage> AskedAsync(JsonRpcRequest request, CancellationToken cancellationToken) => Task.FromResult<JsonRpcMessage>(Refuse(request));

    public static JsonRpcError Refuse(JsonRpcRequest request) =>
        new() { Id = request.Id, Error = new() { Code = UpstreamErrorException.MethodNotFound, Message = "This client did not declare that capability." } };
}

internal static class UpstreamLegExtensions
{
    /// <summary>Sends one request of the platform's own and waits for its result.</summary>
    /// <exception cref="UpstreamErrorException">The server answered with a JSON-RPC error.</exception>
    /// <inheritdoc cref="IUpstreamLeg.ExchangeAsync"/>
    public static async Task<JsonObject> RequestAsync(this IUpstreamLeg leg, string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        var result = AsResult(await leg.ExchangeAsync(new UpstreamCall(method, parameters), NobodyAsks.Instance, cancellationToken));
        return result["resultType"] is JsonValue type && type.TryGetValue(out string? value) && value == "input_required"
            ? throw new UpstreamException(UpstreamFailure.NeedsInput, "asks for input in the middle of the request, which nobody is there to give")
            : result;
    }

    /// <summary>Asks whether the server is there, by the cheapest request that the era has.</summary>
    public static Task PingAsync(this IUpstreamLeg leg, CancellationToken cancellationToken) =>
        leg.RequestAsync(leg.IsModern ? "server/discover" : RequestMethods.Ping, [], cancellationToken);

    /// <summary>The data of an error; the transport reads it as another kind of JSON than results.</summary>
    public static JsonNode? DataOf(JsonRpcErrorDetail error) => error.Data switch
    {
        null => null,
        JsonNode node => node.DeepClone(),
        var other => System.Text.Json.JsonSerializer.SerializeToNode(other),
    };

    public static JsonObject AsResult(JsonRpcMessage reply) => reply switch
    {
        JsonRpcError { Error: var error } => throw new UpstreamErrorException(error.Code, error.Message, DataOf(error)),
        JsonRpcResponse { Result: JsonObject result } => result,
        _ => throw new UpstreamException(UpstreamFailure.BadAnswer, "sent an answer that is not valid MCP"),
    };
}
