using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// One JSON-RPC message to an MCP server over Streamable HTTP, on a transport of its own: everything that arrives on it belongs to this message.
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
        using var answers = new AnswerHandler(HandlerTo(endpoint), options.Value.MaxAnswerBytes);
        using var client = new HttpClient(answers, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        await using var transport = await OpenAsync(endpoint, client, getStream: false, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, answers.Refused);
        var reply = ReadReplyAsync(transport, request.Id, observer, stop.Token);
        try
        {
            // The transport's session id can be trusted only after the send has ended, though the reply is readable before.
            await transport.SendMessageAsync(request, stop.Token);
            return (Check(await reply), transport.SessionId);
        }
        catch (UpstreamErrorException error)
        {
            // An error with a status of its own, 404 for an unknown method: the same reply as in the body of a 200.
            return (new JsonRpcError { Id = request.Id, Error = new() { Code = error.Code, Message = error.Message, Data = error.ErrorData } }, null);
        }
        catch (Exception exception) when (!UpstreamExceptions.IsOurs(exception))
        {
            throw UpstreamExceptions.Translate(exception, answers.Refusal, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)reply).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends a message that has no reply.</summary>
    public async Task NotifyAsync(UpstreamEndpoint endpoint, JsonRpcNotification notification, CancellationToken cancellationToken)
    {
        using var answers = new AnswerHandler(HandlerTo(endpoint), options.Value.MaxAnswerBytes);
        using var client = new HttpClient(answers, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        await using var transport = await OpenAsync(endpoint, client, getStream: false, cancellationToken);
        try
        {
            await transport.SendMessageAsync(notification, cancellationToken);
        }
        catch (Exception exception) when (!UpstreamExceptions.IsOurs(exception))
        {
            throw UpstreamExceptions.Translate(exception, answers.Refusal, cancellationToken);
        }
    }

    /// <summary>Reads the stream on which the server of a session speaks by itself, until cancelled.</summary>
    public async Task ListenAsync(UpstreamEndpoint endpoint, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        // What arrives in all the time is not limited, each message is (by the transport's line reader and the answer's cap for one connection).
        using var client = new HttpClient(HandlerTo(endpoint), disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        await using var transport = await OpenAsync(endpoint, client, getStream: true, cancellationToken);
        await foreach (var message in transport.MessageReader.ReadAllAsync(cancellationToken))
        {
            await TakeAsync(transport, message, observer, cancellationToken);
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

        request.Headers.Add("Mcp-Session-Id", endpoint.SessionId);
        request.Headers.Add("MCP-Protocol-Version", endpoint.ProtocolVersion);
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

    private static Task<ITransport> OpenAsync(UpstreamEndpoint endpoint, HttpClient client, bool getStream, CancellationToken cancellationToken)
    {
        var headers = new Dictionary<string, string>(endpoint.Credential, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in endpoint.Headers ?? new Dictionary<string, string>())
        {
            headers[name] = value;
        }

        if (endpoint.ProtocolVersion is { } version)
        {
            headers["MCP-Protocol-Version"] = version;
        }

        // No logger: at Trace the SDK prints payloads.
        return new HttpClientTransport(
            new HttpClientTransportOptions
            {
                Endpoint = endpoint.Url,
                TransportMode = HttpTransportMode.StreamableHttp,
                KnownSessionId = endpoint.SessionId,
                OwnsSession = false,
                EnableStandaloneGetStream = getStream,
                MaxReconnectionAttempts = 2,
                AdditionalHeaders = headers,
            },
            client, loggerFactory: null, ownsHttpClient: false).ConnectAsync(cancellationToken);
    }

    private static async Task<JsonRpcMessage> ReadReplyAsync(ITransport transport, RequestId id, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        await foreach (var message in transport.MessageReader.ReadAllAsync(cancellationToken))
        {
            if (message is JsonRpcMessageWithId reply and (JsonRpcResponse or JsonRpcError))
            {
                if (reply.Id == id)
                {
                    return reply;
                }
            }
            else
            {
                await TakeAsync(transport, message, observer, cancellationToken);
            }
        }

        throw new McpException("The stream ended without a reply.");
    }

    private static async Task TakeAsync(ITransport transport, JsonRpcMessage message, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        switch (message)
        {
            case JsonRpcNotification notification:
                await observer.NotifiedAsync(notification, cancellationToken);
                break;
            case JsonRpcRequest asked:
                // Beside the reading: an answer may take a person's time, and the server may ask for more, or cancel, meanwhile.
                _ = AnswerAsync(transport, asked, observer, cancellationToken);
                break;
        }
    }

    private static async Task AnswerAsync(ITransport transport, JsonRpcRequest asked, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        try
        {
            JsonRpcMessage answer = asked.Method == RequestMethods.Ping
                ? new JsonRpcResponse { Id = asked.Id, Result = new JsonObject() }
                : WithId(await observer.AskedAsync(asked, cancellationToken), asked.Id);
            await transport.SendMessageAsync(answer, cancellationToken);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or HttpRequestException or IOException || UpstreamExceptions.IsOurs(exception))
        {
            // The request has ended, or the server does not take the answer: what it makes of that, its reply to the request tells.
        }
    }

    private static JsonRpcMessage WithId(JsonRpcMessage answer, RequestId id) => answer switch
    {
        JsonRpcResponse response => new JsonRpcResponse { Id = id, Result = response.Result },
        JsonRpcError error => new JsonRpcError { Id = id, Error = error.Error },
        _ => throw new InvalidOperationException("An answer is a response or an error."),
    };

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
    /// <summary>What the server is shown.</summary>
    public IReadOnlyDictionary<string, string> Credential { get; init; } = new Dictionary<string, string>();

    /// <summary>Where tokens come from that the server is shown; told the caller's own token of the platform, which the server is never shown.</summary>
    public Func<string?, BearerSource>? Bearer { get; init; }

    /// <summary>The token of whoever the message is for.</summary>
    public string? CallersToken { get; init; }

    // A record prints its members, and logs print records.
    public override string ToString() => Url.GetLeftPart(UriPartial.Path);

    /// <summary>More headers for this message.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }
}
