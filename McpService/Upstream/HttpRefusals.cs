using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace McpPlatform.McpService.Upstream;

/// <summary>HTTP answers to a message that are no success.</summary>
internal static class HttpRefusals
{
    private const int MaxErrorBytes = 64 * 1024;

    /// <summary>Says what a refusal means; reads no more of it than is needed for that.</summary>
    public static async Task<Exception> ExplainAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            return new UpstreamException(UpstreamFailure.Unauthorized, $"wants credentials that it was not given (HTTP {(int)response.StatusCode})");
        }

        var inSession = request.Headers.Contains("Mcp-Session-Id");
        if (inSession && response.StatusCode == HttpStatusCode.NotFound)
        {
            return new UpstreamSessionLostException();
        }

        var error = await ReadErrorAsync(response, cancellationToken);

        // Servers made after the TypeScript SDK's examples say it this way instead of with 404.
        if (inSession && response.StatusCode == HttpStatusCode.BadRequest && error is { Code: -32000 or -32001 }
            && (error.Message.Contains("session", StringComparison.OrdinalIgnoreCase) || error.Message.Contains("not initialized", StringComparison.OrdinalIgnoreCase)))
        {
            return new UpstreamSessionLostException();
        }

        return (Exception?)error ?? new UpstreamException(UpstreamFailure.BadAnswer, (int)response.StatusCode is >= 300 and < 400
            ? $"answered with a redirect (HTTP {(int)response.StatusCode}), which is not followed: register the address that it leads to"
            : $"answered with HTTP {(int)response.StatusCode} and no MCP message");
    }

    private static async Task<UpstreamErrorException?> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxErrorBytes];
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        var text = System.Text.Encoding.UTF8.GetString(buffer, 0, length);
        if (response.Content.Headers.ContentType?.MediaType == "text/event-stream")
        {
            text = text.Split('\n').LastOrDefault(line => line.StartsWith("data:", StringComparison.Ordinal))?[5..] ?? string.Empty;
        }

        try
        {
            return JsonNode.Parse(text) is JsonObject message && message["error"] is JsonObject error && error["code"] is JsonValue code
                && code.TryGetValue(out int number) && error["message"] is JsonValue words && words.TryGetValue(out string? sentence)
                ? new UpstreamErrorException(number, sentence, error["data"]?.DeepClone())
                : null;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // Not JSON, a key twice, or broken text: no JSON-RPC error, whatever else it is.
            return null;
        }
    }
}
