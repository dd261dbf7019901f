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

    /// <summary>Sends a request and waits for its result.</summary>
    /// <returns>The result, and the session that the server named (for <c>initialize</c>).</returns>
    public async Task<(JsonObject Result, string? SessionId)> RequestAsync(UpstreamEndpoint endpoint, JsonRpcRequest request, CancellationToken cancellationToken)
    {
        using var answers = new AnswerHandler(handlers.CreateHandler(ClientName), options.Value.MaxAnswerBytes);
        using var client = new HttpClient(answers, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        await using var transport = await OpenAsync(endpoint, client, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, answers.Refused);
        var reply = ReadReplyAsync(transport, request.Id, stop.Token);
        try
        {
            // The transport's session id can be trusted only after the send has ended, though the reply is readable before.
            await transport.SendMessageAsync(request, stop.Token);
            return (AsResult(await reply), transport.SessionId);
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
        using var answers = new AnswerHandler(handlers.CreateHandler(ClientName), options.Value.MaxAnswerBytes);
        using var client = new HttpClient(answers, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        await using var transport = await OpenAsync(endpoint, client, cancellationToken);
        try
        {
            await transport.SendMessageAsync(notification, cancellationToken);
        }
        catch (Exception exception) when (!UpstreamExceptions.IsOurs(exception))
        {
            throw UpstreamExceptions.Translate(exception, answers.Refusal, cancellationToken);
        }
    }

    /// <summary>Ends a session. Servers need not support it, so nothing is said when it fails.</summary>
    public async Task EndSessionAsync(UpstreamEndpoint endpoint, TimeSpan timeout)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, endpoint.Url);
        request.Headers.Add("Mcp-Session-Id", endpoint.SessionId);
        request.Headers.Add("MCP-Protocol-Version", endpoint.ProtocolVersion);
        using var client = new HttpClient(handlers.CreateHandler(ClientName), disposeHandler: false) { Timeout = timeout };
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            // It is down or slow; it forgets the session by itself.
        }
    }

    private static Task<ITransport> OpenAsync(UpstreamEndpoint endpoint, HttpClient client, CancellationToken cancellationToken) =>
        // No logger: at Trace the SDK prints payloads.
        new HttpClientTransport(
            new HttpClientTransportOptions
            {
                Endpoint = endpoint.Url,
                TransportMode = HttpTransportMode.StreamableHttp,
                KnownSessionId = endpoint.SessionId,
                OwnsSession = false,
                EnableStandaloneGetStream = false,
                MaxReconnectionAttempts = 2,
                AdditionalHeaders = endpoint.ProtocolVersion is { } version
                    ? new Dictionary<string, string>(StringComparer.Ordinal) { ["MCP-Protocol-Version"] = version }
                    : null,
            },
            client, loggerFactory: null, ownsHttpClient: false).ConnectAsync(cancellationToken);

    private static async Task<JsonRpcMessage> ReadReplyAsync(ITransport transport, RequestId id, CancellationToken cancellationToken)
    {
        await foreach (var message in transport.MessageReader.ReadAllAsync(cancellationToken))
        {
            switch (message)
            {
                case JsonRpcMessageWithId reply and (JsonRpcResponse or JsonRpcError) when reply.Id == id:
                    return reply;
                case JsonRpcRequest asked:
                    await AnswerAsync(transport, asked, cancellationToken);
                    break;
            }
        }

        throw new McpException("The stream ended without a reply.");
    }

    // We declare no capabilities, so nothing but a ping may be asked of us; silence would leave the server waiting.
    private static async Task AnswerAsync(ITransport transport, JsonRpcRequest asked, CancellationToken cancellationToken)
    {
        JsonRpcMessage answer = asked.Method == RequestMethods.Ping
            ? new JsonRpcResponse { Id = asked.Id, Result = new JsonObject() }
            : new JsonRpcError { Id = asked.Id, Error = new() { Code = UpstreamErrorException.MethodNotFound, Message = "This client did not declare that capability." } };
        try
        {
            await transport.SendMessageAsync(answer, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or UpstreamException or UpstreamErrorException or UpstreamSessionLostException)
        {
            // What the server makes of it, its reply to the request will tell.
        }
    }

    private static JsonObject AsResult(JsonRpcMessage reply)
    {
        if (reply is JsonRpcError { Error: var error })
        {
            throw new UpstreamErrorException(error.Code, error.Message, error.Data as JsonNode);
        }

        if (((JsonRpcResponse)reply).Result is not JsonObject result)
        {
            throw new JsonException("The result is not an object.");
        }

        // Reading a member makes JsonObject look at all of them: a key that stands there twice is found now and not later.
        _ = result.ContainsKey(string.Empty);
        return result;
    }
}

/// <summary>Where a message goes.</summary>
/// <param name="Url">The MCP endpoint.</param>
/// <param name="SessionId">The session, in the eras that have one.</param>
/// <param name="ProtocolVersion">The header for a session that was opened on another transport; null where the message says it itself.</param>
internal sealed record UpstreamEndpoint(Uri Url, string? SessionId = null, string? ProtocolVersion = null);
