using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// The way to MCP servers over Streamable HTTP. Each message is an <see cref="HttpExchange"/> of its own: everything that arrives on it belongs to this message.
/// The SDK's client is not used, because its typed models drop what they do not know.
/// </summary>
internal sealed class UpstreamHttp(IHttpMessageHandlerFactory handlers, IOptions<UpstreamOptions> options)
{
    public const string ClientName = "mcp-upstream";

    /// <summary>Sends a request and waits for its reply; hands on what comes before it.</summary>
    /// <returns>The reply, whose result is an object, and the session that the server named (for <c>initialize</c>).</returns>
    public async Task<(JsonRpcMessage Reply, string? SessionId)> ExchangeAsync(
        UpstreamEndpoint endpoint, JsonRpcRequest request, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        try
        {
            var (reply, session) = await ExchangeOn(endpoint).RequestAsync(request, observer, cancellationToken);
            return (Check(reply), session);
        }
        catch (UpstreamErrorException error)
        {
            // An error with a status of its own, 404 for an unknown method: the same reply as in the body of a 200.
            return (new JsonRpcError { Id = request.Id, Error = new() { Code = error.Code, Message = error.Message, Data = error.ErrorData } }, null);
        }
        catch (Exception exception) when (!UpstreamExceptions.IsOurs(exception))
        {
            throw UpstreamExceptions.Translate(exception, cancellationToken);
        }
    }

    /// <summary>Sends a message that has no reply.</summary>
    public async Task NotifyAsync(UpstreamEndpoint endpoint, JsonRpcNotification notification, CancellationToken cancellationToken)
    {
        try
        {
            await ExchangeOn(endpoint).TellAsync(notification, cancellationToken);
        }
        catch (Exception exception) when (!UpstreamExceptions.IsOurs(exception))
        {
            throw UpstreamExceptions.Translate(exception, cancellationToken);
        }
    }

    /// <summary>Reads the stream on which the server of a session speaks by itself, until cancelled.</summary>
    public async Task ListenAsync(UpstreamEndpoint endpoint, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        // What arrives in all the time is not limited, each message is (by the transport's line reader and the answer's cap for one connection).
        using var client = new HttpClient(HandlerTo(endpoint), disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        await using var transport = await OpenAsync(endpoint, client, cancellationToken);
        await foreach (var message in transport.MessageReader.ReadAllAsync(cancellationToken))
        {
            await UpstreamMessages.TakeAsync(message, transport.SendMessageAsync, observer, cancellationToken);
        }
    }

    /// <summary>Opens the stream of a server that speaks HTTP with SSE.</summary>
    public Task<SseTransport> OpenStreamAsync(UpstreamEndpoint endpoint, CancellationToken cancellationToken) =>
        SseTransport.OpenAsync(HandlerTo(endpoint), endpoint, options.Value.MaxAnswerBytes, cancellationToken);

    /// <summary>Ends a session. Servers need not support it, so nothing is said when it fails.</summary>
    public async Task EndSessionAsync(UpstreamEndpoint endpoint, TimeSpan timeout)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, endpoint.Url);
        foreach (var (name, value) in endpoint.Credential)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.Add(HttpExchange.SessionHeader, endpoint.SessionId);
        request.Headers.Add(HttpExchange.VersionHeader, endpoint.ProtocolVersion);
        using var client = new HttpClient(HandlerTo(endpoint), disposeHandler: false) { Timeout = timeout };
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or UpstreamException)
        {
            // It is down or slow; it forgets the session by itself.
        }
    }

    private HttpMessageHandler HandlerTo(UpstreamEndpoint endpoint)
    {
        var handler = handlers.CreateHandler(ClientName);
        return endpoint.Bearer is { } bearer ? new BearerHandler(handler, bearer(endpoint.CallersToken)) : handler;
    }

    private HttpExchange ExchangeOn(UpstreamEndpoint endpoint) => new(new HttpMessageInvoker(HandlerTo(endpoint), disposeHandler: false), endpoint, options.Value.MaxAnswerBytes);

    private static Task<ITransport> OpenAsync(UpstreamEndpoint endpoint, HttpClient client, CancellationToken cancellationToken)
    {
        var headers = new Dictionary<string, string>(endpoint.Credential, StringComparer.OrdinalIgnoreCase);
        if (endpoint.ProtocolVersion is { } version)
        {
            headers[HttpExchange.VersionHeader] = version;
        }

        // No logger: at Trace the SDK prints payloads.
        return new HttpClientTransport(
            new HttpClientTransportOptions
            {
                Endpoint = endpoint.Url,
                TransportMode = HttpTransportMode.StreamableHttp,
                KnownSessionId = endpoint.SessionId,
                OwnsSession = false,
                EnableStandaloneGetStream = true,
                MaxReconnectionAttempts = 2,
                AdditionalHeaders = headers,
            },
            client, loggerFactory: null, ownsHttpClient: false).ConnectAsync(cancellationToken);
    }

    private static JsonRpcMessage Check(JsonRpcMessage reply)
    {
        if (reply is JsonRpcResponse response)
        {
            // Reading a member makes JsonObject look at all of them: a key that stands there twice is found now and not later.
            _ = response.Result is JsonObject result ? result.ContainsKey(string.Empty) : throw new JsonException("The result is not an object.");
        }

        return reply;
    }
}

/// <summary>Where a message goes.</summary>
/// <param name="Url">The MCP endpoint.</param>
/// <param name="SessionId">The session, in the eras that have one.</param>
/// <param name="ProtocolVersion">The header for a session that was opened on another transport; null where the message says it itself.</param>
internal sealed record UpstreamEndpoint(Uri Url, string? SessionId = null, string? ProtocolVersion = null)
{
    public static IReadOnlyDictionary<string, string> NoHeaders { get; } = new Dictionary<string, string>();

    /// <summary>What the server is shown.</summary>
    public IReadOnlyDictionary<string, string> Credential { get; init; } = NoHeaders;

    /// <summary>Where tokens come from that the server is shown; told the caller's own token of the platform, which the server is never shown.</summary>
    public Func<string?, BearerSource>? Bearer { get; init; }

    /// <summary>The token of whoever the message is for.</summary>
    public string? CallersToken { get; init; }

    // A record prints its members, and logs print records.
    public override string ToString() => Url.GetLeftPart(UriPartial.Path);

    /// <summary>More headers for this message.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }
}
