using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>What a server sends beside its replies.</summary>
internal static class UpstreamMessages
{
    /// <summary>Hands on a notification; has a question answered, beside the reading.</summary>
    /// <param name="message">What the server sent; replies are passed over.</param>
    /// <param name="send">The way back to the server.</param>
    /// <param name="observer">Who hears and answers.</param>
    /// <param name="cancellationToken">Ends the answering, too.</param>
    public static async ValueTask TakeAsync(JsonRpcMessage message, Func<JsonRpcMessage, CancellationToken, Task> send, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        switch (message)
        {
            case JsonRpcNotification notification:
                await observer.NotifiedAsync(notification, cancellationToken);
                break;
            case JsonRpcRequest asked:
                // Beside the reading: an answer may take a person's time, and the server may ask for more, or cancel, meanwhile.
                _ = AnswerAsync(asked, send, observer, cancellationToken);
                break;
        }
    }

    private static async Task AnswerAsync(JsonRpcRequest asked, Func<JsonRpcMessage, CancellationToken, Task> send, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        try
        {
            await send(asked.Method == RequestMethods.Ping ? new JsonRpcResponse { Id = asked.Id, Result = new JsonObject() } : WithId(await observer.AskedAsync(asked, cancellationToken), asked.Id), cancellationToken);
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
}
