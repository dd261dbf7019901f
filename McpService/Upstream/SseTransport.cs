using System.Threading.Channels;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// HTTP with SSE, the transport of 2024-11-05: one stream of events on which all comes that the server says, and an address, named on it, for what it is told.
/// </summary>
internal sealed class SseTransport : ITransport
{
    private readonly ITransport transport;
    private readonly HttpClient client;
    private readonly SseHandler answers;

    private SseTransport(ITransport transport, HttpClient client, SseHandler answers) => (this.transport, this.client, this.answers) = (transport, client, answers);

    public string? SessionId => null;

    public ChannelReader<JsonRpcMessage> MessageReader => transport.MessageReader;

    /// <summary>Why the stream is there no more, as the predicate of a sentence that begins with the server's name.</summary>
    public string HowItEnded => answers.Refusal?.Message ?? "ended the stream of its messages";

    /// <summary>Opens the stream and learns the address.</summary>
    /// <param name="handler">The way to servers.</param>
    /// <param name="endpoint">Where the stream is, and what the server is shown.</param>
    /// <param name="maxMessage">How many bytes one message may have.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UpstreamException">It cannot be opened.</exception>
    public static async Task<SseTransport> OpenAsync(HttpMessageHandler handler, UpstreamEndpoint endpoint, long maxMessage, CancellationToken cancellationToken)
    {
        var seen = new SseHandler(handler, endpoint.Url, maxMessage);
        var http = new HttpClient(seen, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            // No logger: at Trace the SDK prints payloads. The deadline is the caller's.
            var options = new HttpClientTransportOptions
            {
                Endpoint = endpoint.Url,
                TransportMode = HttpTransportMode.Sse,
                ConnectionTimeout = Timeout.InfiniteTimeSpan,
                AdditionalHeaders = new Dictionary<string, string>(endpoint.Credential, StringComparer.OrdinalIgnoreCase),
            };
            return new SseTransport(await new HttpClientTransport(options, http, loggerFactory: null, ownsHttpClient: false).ConnectAsync(cancellationToken), http, seen);
        }
        catch (Exception exception)
        {
            http.Dispose();
            seen.Dispose();
            throw seen.Refusal ?? UpstreamExceptions.Translate(exception, cancellationToken);
        }
    }

    public async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        try
        {
            await transport.SendMessageAsync(message, cancellationToken);
        }
        catch (Exception exception) when (!UpstreamExceptions.IsOurs(exception))
        {
            // With the stream ends what is being sent: then the stream is the cause.
            throw MessageReader.Completion.IsCompleted && !cancellationToken.IsCancellationRequested
                ? new UpstreamException(UpstreamFailure.Unreachable, HowItEnded, exception)
                : UpstreamExceptions.Translate(exception, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await transport.DisposeAsync();
        client.Dispose();
        answers.Dispose();
    }
}
