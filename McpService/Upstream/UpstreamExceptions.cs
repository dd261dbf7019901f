using System.Text.Json;
using McpPlatform.ServiceDefaults.Outbound;
using ModelContextProtocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>What the exceptions of the transport mean.</summary>
internal static class UpstreamExceptions
{
    public static bool IsOurs(Exception exception) => exception is UpstreamException or UpstreamErrorException or UpstreamSessionLostException;

    /// <summary>Says in our words what happened.</summary>
    public static Exception Translate(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        _ when cancellationToken.IsCancellationRequested => new OperationCanceledException(exception.Message, exception, cancellationToken),
        HttpRequestException { InnerException: OutboundRefusedException } => new UpstreamException(
            UpstreamFailure.Unreachable, $"may not be reached: its address is not public, and not one that the operator lists in {OutboundOptions.Key}", exception),
        HttpRequestException http => Http(http),
        OperationCanceledException => new UpstreamException(UpstreamFailure.Unreachable, "does not accept connections", exception),
        McpException => new UpstreamException(UpstreamFailure.BadAnswer, "ended its answer without an MCP reply", exception),
        IOException => new UpstreamException(UpstreamFailure.BadAnswer, "broke off in the middle of its answer", exception),

        // ArgumentException: a key that stands twice in an object. InvalidOperationException: text that is not Unicode, or a value of another type.
        JsonException or ArgumentException or InvalidOperationException or FormatException =>
            new UpstreamException(UpstreamFailure.BadAnswer, "sent an answer that is not valid MCP", exception),
        _ => new InvalidOperationException("The MCP transport failed.", exception),
    };

    private static UpstreamException Http(HttpRequestException exception) => exception.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => new(UpstreamFailure.Unreachable, "cannot be reached: its host name is not known", exception),
        HttpRequestError.ConnectionError => new(UpstreamFailure.Unreachable, "cannot be reached: it does not accept connections", exception),
        HttpRequestError.SecureConnectionError => new(UpstreamFailure.Unreachable, "cannot be reached: its TLS certificate is not valid", exception),
        _ => new(UpstreamFailure.BadAnswer, "broke off the connection before it answered", exception),
    };
}
