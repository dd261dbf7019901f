using System.Net;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// Sees what a server with a stream of events answers: says what a refusal means, limits each message, and lets nothing go to another host than the one
/// that was registered, whatever address the server names.
/// </summary>
internal sealed class SseHandler(HttpMessageHandler inner, Uri server, long maxMessage) : DelegatingHandler(inner)
{
    private long line, message;

    /// <summary>What is wrong with the stream, once it has ended for that.</summary>
    public Exception? Refusal { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var isStream = request.Method == HttpMethod.Get;
        try
        {
            return await AskAsync(request, isStream, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            var refusal = UpstreamExceptions.IsOurs(exception) ? exception : UpstreamExceptions.Translate(exception, cancellationToken);
            Refusal = isStream ? refusal : Refusal;
            throw refusal;
        }
    }

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, bool isStream, CancellationToken cancellationToken)
    {
        if (Uri.Compare(request.RequestUri, server, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) != 0)
        {
            throw new UpstreamException(UpstreamFailure.BadAnswer, "wants its messages at another host than the one that is registered, which is refused");
        }

        var response = await base.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            using (response)
            {
                throw Explain(response.StatusCode, isStream);
            }
        }

        if (!isStream)
        {
            // The reply comes on the stream; what stands here is read by nobody.
            response.Dispose();
            return new HttpResponseMessage(HttpStatusCode.Accepted) { RequestMessage = request };
        }

        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            response.Dispose();
            throw new UpstreamException(UpstreamFailure.BadAnswer, "does not answer with a stream of events: it may be one for \"transport\": \"http\"");
        }

        var content = new StreamContent(new CappedStream(await response.Content.ReadAsStreamAsync(cancellationToken), Received));
        content.Headers.ContentType = response.Content.Headers.ContentType;
        response.Content = content;
        return response;
    }

    private static Exception Explain(HttpStatusCode status, bool isStream) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new UpstreamException(UpstreamFailure.Unauthorized, $"wants credentials that it was not given (HTTP {(int)status})"),

        // It knows the stream no more that the address belongs to, so it did not execute the request.
        HttpStatusCode.NotFound when !isStream => new UpstreamSessionLostException(),
        >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => new UpstreamException(
            UpstreamFailure.BadAnswer, $"answered with a redirect (HTTP {(int)status}), which is not followed: register the address that it leads to"),
        HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed => new UpstreamException(
            UpstreamFailure.BadAnswer, $"has no stream of events at its address (HTTP {(int)status}): it may be one for \"transport\": \"http\""),
        _ => new UpstreamException(UpstreamFailure.BadAnswer, $"answered with HTTP {(int)status}"),
    };

    // The stream is endless; a message ends at an empty line.
    private void Received(ReadOnlySpan<byte> bytes)
    {
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Take(bytes[..end]);
            message = line == 0 ? 0 : message;
            line = 0;
            bytes = bytes[(end + 1)..];
        }

        Take(bytes);
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        var length = bytes.TrimEnd((byte)'\r').Length;
        line += length;
        message += length;
        if (message > maxMessage)
        {
            throw Refusal ??= new UpstreamException(
                UpstreamFailure.TooLarge, $"sent a message of more than {maxMessage / 1024.0 / 1024.0:0.##} MiB, which is the most that is accepted");
        }
    }
}
