using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// One message to a server over Streamable HTTP and what comes back for it (MCP 2025-11-25 and 2026-07-28, "Transports"): JSON, or a stream of events, which is taken up again where it
/// ended when the server gave its events ids. For one message only.
/// </summary>
internal sealed class HttpExchange(HttpMessageInvoker http, UpstreamEndpoint endpoint, long maxBytes)
{
    public const string SessionHeader = "Mcp-Session-Id", VersionHeader = "MCP-Protocol-Version";
    private const int MaxReconnections = 2;
    private static readonly TimeSpan DefaultRetry = TimeSpan.FromSeconds(1);
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType = (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));
    private long received;
    private string? lastEvent;
    private TimeSpan retry = DefaultRetry;
    private bool isCutOff;
    private CancellationTokenSource? asking;

    /// <summary>Sends a request and waits for its reply; hands on what comes before it.</summary>
    /// <returns>The reply, and the session that the server named.</returns>
    /// <exception cref="UpstreamException">The server refused, or its answer is too large.</exception>
    /// <exception cref="McpException">The answer ended without a reply.</exception>
    public async Task<(JsonRpcMessage Reply, string? SessionId)> RequestAsync(JsonRpcRequest request, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await PostAsync(request, cancellationToken);
            var reply = await ReadAsync(response, request.Id, observer, cancellationToken) ?? await ResumeAsync(request.Id, observer, cancellationToken);
            return (reply ?? throw new McpException("The answer ended without a reply."), response.Headers.TryGetValues(SessionHeader, out var sessions) ? sessions.FirstOrDefault() : null);
        }
        finally
        {
            if (asking is not null)
            {
                await asking.CancelAsync();
                asking.Dispose();
            }
        }
    }

    /// <summary>Sends a message that has no reply.</summary>
    public async Task TellAsync(JsonRpcMessage message, CancellationToken cancellationToken) => (await PostAsync(message, cancellationToken)).Dispose();

    private async Task<HttpResponseMessage> PostAsync(JsonRpcMessage message, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url) { Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(message, MessageType)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        AddHeaders(request, "application/json, text/event-stream");
        var (method, parameters) = message switch
        {
            JsonRpcRequest asked => (asked.Method, asked.Params as JsonObject),
            JsonRpcNotification told => (told.Method, told.Params as JsonObject),
            _ => (null, null),
        };
        if (method is not null)
        {
            AddRouting(request.Headers, method, parameters);
        }

        var response = await http.SendAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await HttpRefusals.ExplainAsync(request, response, cancellationToken);
        }
    }

    private void AddHeaders(HttpRequestMessage request, string accepted)
    {
        request.Headers.TryAddWithoutValidation("Accept", accepted);
        if (endpoint.SessionId is { } session)
        {
            request.Headers.TryAddWithoutValidation(SessionHeader, session);
        }

        if (endpoint.ProtocolVersion is { } version)
        {
            request.Headers.TryAddWithoutValidation(VersionHeader, version);
        }

        foreach (var (name, value) in endpoint.Credential)
        {
            if (endpoint.Headers?.ContainsKey(name) != true)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        foreach (var (name, value) in endpoint.Headers ?? UpstreamEndpoint.NoHeaders)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    // 2026-07-28 has them, so that what stands before a server can route without reading the body; the older revisions ignore them.
    private void AddRouting(HttpRequestHeaders headers, string method, JsonObject? parameters)
    {
        headers.TryAddWithoutValidation("Mcp-Method", method);
        var name = method switch
        {
            RequestMethods.ToolsCall or RequestMethods.PromptsGet => Text(parameters, "name"),
            RequestMethods.ResourcesRead => Text(parameters, "uri"),
            _ => null,
        };
        if (name is not null && endpoint.Headers?.ContainsKey("Mcp-Name") != true)
        {
            headers.TryAddWithoutValidation("Mcp-Name", McpHeaderEncoder.ConvertToHeaderValue(JsonValue.Create(name)));
        }

        if (endpoint.ProtocolVersion is null && Text(parameters?["_meta"] as JsonObject, MetaKeys.ProtocolVersion) is { } version)
        {
            headers.TryAddWithoutValidation(VersionHeader, version);
        }
    }

    private static string? Text(JsonObject? parameters, string member) => parameters?[member] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private async Task<JsonRpcMessage?> ReadAsync(HttpResponseMessage response, RequestId id, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        switch (response.Content.Headers.ContentType?.MediaType)
        {
            case "application/json":
                using (var reader = new StreamReader(new CappedStream(await response.Content.ReadAsStreamAsync(cancellationToken), Received)))
                {
                    return await TakeAsync(await reader.ReadToEndAsync(cancellationToken), id, observer, cancellationToken);
                }

            case "text/event-stream":
                return await ReadEventsAsync(response, id, observer, cancellationToken);
            default:
                return null;
        }
    }

    private async Task<JsonRpcMessage?> ReadEventsAsync(HttpResponseMessage response, RequestId id, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        isCutOff = false;
        try
        {
            await using var stream = new CappedStream(await response.Content.ReadAsStreamAsync(cancellationToken), Received);
            await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
            {
                lastEvent = string.IsNullOrEmpty(item.EventId) ? lastEvent : item.EventId;
                retry = item.ReconnectionInterval ?? retry;
                if (item.Data.Length > 0 && await TakeAsync(item.Data, id, observer, cancellationToken) is { } reply)
                {
                    return reply;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // Taken up again, where the server has a way to do that.
            isCutOff = true;
        }

        return null;
    }

    // Servers may end the stream at any time and be asked again later (2025-11-25, SEP-1699).
    private async Task<JsonRpcMessage?> ResumeAsync(RequestId id, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        for (var attempt = 0; lastEvent is not null && attempt < MaxReconnections; attempt++)
        {
            await Task.Delay(retry, cancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Get, endpoint.Url);
            AddHeaders(request, "text/event-stream");
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEvent);
            try
            {
                using var response = await http.SendAsync(request, cancellationToken);
                if ((int)response.StatusCode is >= 300 and < 500)
                {
                    // To ask once more would change nothing.
                    return null;
                }

                if (response.IsSuccessStatusCode)
                {
                    if (await ReadEventsAsync(response, id, observer, cancellationToken) is { } reply)
                    {
                        return reply;
                    }

                    // One that the server ended, it means to have taken up again, as often as it likes. The caller has a deadline.
                    attempt = isCutOff ? attempt : -1;
                }
            }
            catch (HttpRequestException)
            {
                // Not there at the moment.
            }
        }

        return null;
    }

    private async ValueTask<JsonRpcMessage?> TakeAsync(string data, RequestId id, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        JsonRpcMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(data, MessageType);
        }
        catch (JsonException)
        {
            // No message. The reply may still come.
            return null;
        }

        switch (message)
        {
            case null:
                return null;
            case JsonRpcResponse or JsonRpcError:
                return ((JsonRpcMessageWithId)message).Id == id ? message : null;
            case JsonRpcRequest:
                asking ??= CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await UpstreamMessages.TakeAsync(message, (answer, token) => new HttpExchange(http, endpoint, maxBytes).TellAsync(answer, token), observer, asking.Token);
                return null;
            default:
                await UpstreamMessages.TakeAsync(message, TellAsync, observer, cancellationToken);
                return null;
        }
    }

    private void Received(ReadOnlySpan<byte> bytes)
    {
        received += bytes.Length;
        if (received > maxBytes)
        {
            throw new UpstreamException(UpstreamFailure.TooLarge, $"sent an answer of more than {maxBytes / 1024.0 / 1024.0:0.##} MiB, which is the most that is accepted");
        }
    }
}
