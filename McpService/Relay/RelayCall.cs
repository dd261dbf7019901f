using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Authentication;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>One request of a client, whatever way it came: an MCP endpoint in either era, the HTTP API, the chat.</summary>
internal sealed record RelayCall
{
    /// <summary>Such as <c>tools/call</c>.</summary>
    public required string Method { get; init; }

    /// <summary>The parameters as they came. Never changed: what goes on is a copy.</summary>
    public required JsonObject Parameters { get; init; }

    /// <summary>What the endpoint serves.</summary>
    public required EndpointScope Scope { get; init; }

    public required RelayCaller Caller { get; init; }

    public required RelayClient Client { get; init; }

    /// <summary>The request's id, as the client gave it.</summary>
    public JsonNode? RequestId { get; init; }

    /// <summary>From which level on the client wants log messages; null for none.</summary>
    public string? LogLevel { get; init; }

    /// <summary>The way back to the client.</summary>
    public required IClientLeg Leg { get; init; }

    /// <summary>Reads a header of an HTTP request that has to agree with its body (2026-07-28); null where that is not asked.</summary>
    public Func<string, string?>? Header { get; init; }

    /// <summary>How long the server may take; null for as long as is usual.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether a person has approved this very call.</summary>
    public bool IsApproved { get; init; }

    /// <summary>The session of the client, if its era has one, or what stands for it.</summary>
    public SessionOwner Owner => SessionOwner.Of(Caller.User.Id, Client.SessionId, Client.Capabilities) with { AccessToken = Caller.AccessToken };
}

/// <summary>Who asks. Taken from the request at once: a call may outlive it.</summary>
/// <param name="User">The user.</param>
/// <param name="AccessToken">The user's token, for services of the platform and nobody else.</param>
/// <param name="ClientIp">From where.</param>
/// <param name="Access">What the user may do. Asked anew for each decision.</param>
internal sealed record RelayCaller(CurrentUser User, string? AccessToken, string? ClientIp, Func<CallerAccess> Access)
{
    // A record prints its members, and logs print records.
    public override string ToString() => User.Id.ToString();
}

/// <summary>What the client speaks, and what it can be asked.</summary>
/// <param name="ProtocolVersion">The revision of MCP.</param>
/// <param name="IsModern">Whether that is one without sessions.</param>
/// <param name="Capabilities">What it declared, in this request or when its session began.</param>
/// <param name="SessionId">Its session.</param>
internal sealed record RelayClient(string ProtocolVersion, bool IsModern, JsonObject Capabilities, string? SessionId)
{
    /// <summary>A caller that is no MCP client and can be asked nothing.</summary>
    public static RelayClient None { get; } = new(ProtocolVersions.NewestWithSessions, false, [], null);

    /// <summary>Whether the client can be asked this.</summary>
    /// <param name="method">Such as <c>elicitation/create</c>.</param>
    /// <param name="parameters">With which parameters: elicitation has modes.</param>
    public bool CanBeAsked(string method, JsonObject? parameters) => method switch
    {
        RequestMethods.ElicitationCreate => Capabilities["elicitation"] is JsonObject modes && (IsUrlMode(parameters) ? modes.ContainsKey("url") : modes.Count == 0 || modes.ContainsKey("form")),
        "sampling/createMessage" => Capabilities.ContainsKey("sampling"),
        "roots/list" => Capabilities.ContainsKey("roots"),
        _ => false,
    };

    private static bool IsUrlMode(JsonObject? parameters) => parameters?["mode"] is JsonValue mode && mode.TryGetValue(out string? text) && text == "url";
}

/// <summary>The way back to the client while its request is answered.</summary>
internal interface IClientLeg
{
    /// <summary>Whether a question can go to the client now and be waited for. Where not, the answer of the request carries it.</summary>
    bool CanAsk { get; }

    ValueTask NotifyAsync(string method, JsonNode? parameters, CancellationToken cancellationToken);

    /// <summary>Asks the client, and waits.</summary>
    /// <returns>A response or an error; its id does not matter.</returns>
    Task<JsonRpcMessage> AskAsync(string method, JsonNode? parameters, CancellationToken cancellationToken);
}

/// <summary>A caller that hears nothing but the answer.</summary>
internal sealed class SilentLeg : IClientLeg
{
    public static SilentLeg Instance { get; } = new();

    public bool CanAsk => true;

    public ValueTask NotifyAsync(string method, JsonNode? parameters, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public Task<JsonRpcMessage> AskAsync(string method, JsonNode? parameters, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("A caller without capabilities is never asked.");
}

/// <summary>What a client is answered: a result, or an error.</summary>
internal sealed record RelayAnswer(JsonObject? Result, RelayError? Error = null)
{
    public static RelayAnswer Fail(int code, string message, JsonNode? data = null) => new(null, new(code, message, data));

    public static RelayAnswer Of(JsonRpcMessage reply) => reply switch
    {
        JsonRpcResponse { Result: JsonObject result } => new(result),
        JsonRpcError { Error: var error } => Fail(error.Code, error.Message, UpstreamLegExtensions.DataOf(error)),
        _ => Fail(RelayError.InternalError, "The MCP server sent no answer that can be used."),
    };
}

/// <summary>A JSON-RPC error.</summary>
internal sealed record RelayError(int Code, string Message, JsonNode? Data = null)
{
    public const int InvalidRequest = -32600, MethodNotFound = -32601, InvalidParams = -32602, InternalError = -32603;

    /// <summary>The client did not declare what the request needs (2026-07-28).</summary>
    public const int MissingCapability = -32021;

    /// <summary>A header does not say what the body says (2026-07-28).</summary>
    public const int HeaderMismatch = -32020;

    /// <summary>What 2026-07-28 says with <see cref="InvalidParams"/>.</summary>
    public const int LegacyResourceNotFound = -32002;
}
