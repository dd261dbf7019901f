using System.Text.Json.Nodes;
using McpPlatform.McpService.Relay;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpPlatform.McpService.Protocol;

/// <summary>The way back on the response of the client's own POST. In a session questions can go that way, and are waited for.</summary>
internal sealed class PostLeg(McpServer server, bool canAsk) : IClientLeg
{
    private const string RemotePrefix = "Request failed (remote): ";

    public bool CanAsk => canAsk;

    public async ValueTask NotifyAsync(string method, JsonNode? parameters, CancellationToken cancellationToken)
    {
        try
        {
            await server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters?.DeepClone() }, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The client has gone; its request is cancelled by that, or goes on without anybody.
        }
    }

    public async Task<JsonRpcMessage> AskAsync(string method, JsonNode? parameters, CancellationToken cancellationToken)
    {
        try
        {
            return await server.SendRequestAsync(new JsonRpcRequest { Method = method, Params = parameters?.DeepClone() }, cancellationToken);
        }
        catch (McpProtocolException exception)
        {
            var message = exception.Message.StartsWith(RemotePrefix, StringComparison.Ordinal) ? exception.Message[RemotePrefix.Length..] : exception.Message;
            return new JsonRpcError { Id = default, Error = new() { Code = (int)exception.ErrorCode, Message = message } };
        }
        catch (McpException exception)
        {
            return new JsonRpcError { Id = default, Error = new() { Code = RelayError.InternalError, Message = exception.Message } };
        }
    }
}
