using System.Text.Json.Nodes;
using System.Threading.Channels;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// A server that is part of this process. It is made anew for each request, for whoever makes it: so it keeps nothing of one caller for another, and its time ends with the request.
/// </summary>
internal sealed class InProcessLeg(Func<UpstreamCall, McpServerOptions> describe, IServiceProvider services, UpstreamProfile profile) : IUpstreamLeg
{
    public string ProtocolVersion => ProtocolVersions.Modern;

    public bool IsModern => true;

    public UpstreamProfile Profile => profile;

    public static async Task<InProcessLeg> OpenAsync(Func<UpstreamCall, McpServerOptions> describe, IServiceProvider services, CancellationToken cancellationToken)
    {
        var nameless = new InProcessLeg(describe, services, new UpstreamProfile([], null, null));
        return new(describe, services, UpstreamProfile.Of(await nameless.RequestAsync("server/discover", [], cancellationToken)));
    }

    public async Task<JsonRpcMessage> ExchangeAsync(UpstreamCall request, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        var id = new RequestId(1);
        await using var transport = new Transport();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var server = McpServer.Create(transport, describe(request), serviceProvider: services);
        var running = server.RunAsync(stop.Token);
        try
        {
            transport.Receive(new JsonRpcRequest { Id = id, Method = request.Method, Params = ModernMeta.AddTo(request.Parameters, request.Capabilities, request.LogLevel) });
            await foreach (var message in transport.Sent.ReadAllAsync(stop.Token))
            {
                switch (message)
                {
                    case JsonRpcMessageWithId reply and (JsonRpcResponse or JsonRpcError) when reply.Id == id:
                        return reply;
                    case JsonRpcNotification notification:
                        await observer.NotifiedAsync(notification, cancellationToken);
                        break;
                }
            }

            throw new UpstreamException(UpstreamFailure.BadAnswer, "ended its answer without an MCP reply");
        }
        finally
        {
            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task NotifyAsync(string method, JsonObject? parameters, CancellationToken cancellationToken) => Task.CompletedTask;

    // What is built in changes with the service alone.
    public Task ListenAsync(JsonObject wanted, IUpstreamObserver observer, CancellationToken cancellationToken) => Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);

    public Task CloseAsync() => Task.CompletedTask;

    private sealed class Transport : ITransport
    {
        private readonly Channel<JsonRpcMessage> received = Channel.CreateUnbounded<JsonRpcMessage>(), sent = Channel.CreateUnbounded<JsonRpcMessage>();

        public string? SessionId => null;

        public ChannelReader<JsonRpcMessage> MessageReader => received.Reader;

        public ChannelReader<JsonRpcMessage> Sent => sent.Reader;

        public void Receive(JsonRpcMessage message) => received.Writer.TryWrite(message);

        public Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
        {
            sent.Writer.TryWrite(message);
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            received.Writer.TryComplete();
            sent.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }
    }
}
