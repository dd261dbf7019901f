using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// One channel that carries all messages in both directions. Requests have ids, and progress has tokens, of its own, so that nobody gets what belongs to another request.
/// </summary>
#pragma warning disable CA1001 // The source holds nothing that the collector does not free, and requests may still look at it when the channel is closed.
internal sealed class ChannelWire
#pragma warning restore CA1001
{
    private static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(1), Farewell = TimeSpan.FromMilliseconds(500);

    private readonly ITransport transport;
    private readonly Func<string> howItEnded;
    private readonly ConcurrentDictionary<long, ChannelRequest> pending = new();
    private readonly ConcurrentDictionary<Guid, IUpstreamObserver> listeners = new();
    private readonly CancellationTokenSource ended = new();
    private long lastId;

    /// <summary>Begins to read.</summary>
    /// <param name="transport">The channel; it is closed with this, and this with it.</param>
    /// <param name="howItEnded">Says why the channel is closed, as the predicate of a sentence that begins with the server's name.</param>
    public ChannelWire(ITransport transport, Func<string> howItEnded)
    {
        (this.transport, this.howItEnded) = (transport, howItEnded);
        _ = ReadAsync();
    }

    public bool HasEnded => ended.IsCancellationRequested;

    /// <summary>Sends a request and waits for its reply.</summary>
    /// <exception cref="UpstreamException">The channel has ended.</exception>
    public async Task<JsonRpcMessage> RequestAsync(string method, JsonObject parameters, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref lastId);
        using var entry = new ChannelRequest(observer, cancellationToken);
        if (parameters["_meta"] is JsonObject meta && meta["progressToken"] is { } token)
        {
            entry.ProgressToken = token.DeepClone();
            meta["progressToken"] = id;
        }

        pending[id] = entry;
        try
        {
            await WriteAsync(new JsonRpcRequest { Id = new RequestId(id), Method = method, Params = parameters }, cancellationToken);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ended.Token);
            return await entry.Reply.Task.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await CancelAsync(id);
            throw;
        }
        catch (OperationCanceledException exception)
        {
            throw Ended(exception);
        }
        finally
        {
            pending.TryRemove(id, out _);
        }
    }

    /// <summary>Hears what the server says by itself, until cancelled.</summary>
    /// <exception cref="UpstreamException">The channel has ended.</exception>
    public async Task ListenAsync(IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        var key = Guid.CreateVersion7();
        listeners[key] = observer;
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ended.Token);
            await Task.Delay(Timeout.InfiniteTimeSpan, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Ended(null);
        }
        finally
        {
            listeners.TryRemove(key, out _);
        }
    }

    /// <summary>Sends a message that has no reply.</summary>
    /// <exception cref="UpstreamException">The channel has ended.</exception>
    public async Task WriteAsync(JsonRpcMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await transport.SendMessageAsync(message, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException or HttpRequestException)
        {
            throw Ended(exception);
        }
    }

    public ValueTask CloseAsync() => transport.DisposeAsync();

    private UpstreamException Ended(Exception? inner) => new(UpstreamFailure.Unreachable, howItEnded(), inner);

    private async Task CancelAsync(long id)
    {
        using var timeout = new CancellationTokenSource(CancelTimeout);
        try
        {
            await WriteAsync(new JsonRpcNotification { Method = NotificationMethods.CancelledNotification, Params = new JsonObject { ["requestId"] = id } }, timeout.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or UpstreamException)
        {
            // It cannot be told. The caller waits for nothing more.
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (var message in transport.MessageReader.ReadAllAsync())
            {
                Take(message);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or System.Threading.Channels.ChannelClosedException or HttpRequestException || UpstreamExceptions.IsOurs(exception))
        {
            // The channel has ended.
        }
        finally
        {
            // A process that has closed its output is about to end: how it ended is worth a moment.
            var disposed = transport.DisposeAsync().AsTask();
            await Task.WhenAny(disposed, Task.Delay(Farewell));
            await ended.CancelAsync();
            await disposed;
        }
    }

    private void Take(JsonRpcMessage message)
    {
        switch (message)
        {
            case JsonRpcRequest asked:
                _ = AnswerAsync(asked);
                break;
            case JsonRpcMessageWithId reply:
                if (FindById(reply.Id) is { } entry)
                {
                    // One after the other: what came before the reply is told before it.
                    entry.Enqueue(() =>
                    {
                        entry.Reply.TrySetResult(reply);
                        return ValueTask.CompletedTask;
                    }, isNews: false);
                }

                break;
            case JsonRpcNotification notification:
                Tell(notification);
                break;
        }
    }

    private ChannelRequest? FindById(RequestId id) => id.Id is long number && pending.TryGetValue(number, out var entry) ? entry : null;

    private void Tell(JsonRpcNotification notification)
    {
        var parameters = notification.Params as JsonObject;
        if (notification.Method == NotificationMethods.ProgressNotification)
        {
            if (parameters?["progressToken"] is JsonValue token && token.TryGetValue(out long id) && pending.TryGetValue(id, out var entry) && entry.ProgressToken is { } own)
            {
                parameters["progressToken"] = own.DeepClone();
                entry.Enqueue(() => entry.Observer.NotifiedAsync(notification, entry.CancellationToken), isNews: true);
            }

            return;
        }

        if (parameters?["_meta"]?["io.modelcontextprotocol/subscriptionId"] is JsonValue subscription && subscription.TryGetValue(out long listening) && pending.TryGetValue(listening, out var listener))
        {
            listener.Enqueue(() => listener.Observer.NotifiedAsync(notification, listener.CancellationToken), isNews: true);
        }
        else if (notification.Method == "notifications/message")
        {
            // A log message says not whose it is: the request that runs longest has it.
            if (Longest() is { } entry)
            {
                entry.Enqueue(() => entry.Observer.NotifiedAsync(notification, entry.CancellationToken), isNews: true);
            }
        }
        else
        {
            foreach (var observer in listeners.Values)
            {
                _ = TellAsync(observer, notification);
            }
        }
    }

    private static async Task TellAsync(IUpstreamObserver observer, JsonRpcNotification notification)
    {
        try
        {
            await observer.NotifiedAsync(notification, CancellationToken.None);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The listener has gone.
        }
    }

    private ChannelRequest? Longest() => pending.OrderBy(entry => entry.Key).Select(entry => entry.Value).FirstOrDefault();

    private async Task AnswerAsync(JsonRpcRequest asked)
    {
        try
        {
            JsonRpcMessage answer;
            if (asked.Method == RequestMethods.Ping)
            {
                answer = new JsonRpcResponse { Id = asked.Id, Result = new JsonObject() };
            }
            else
            {
                answer = Longest() is { } entry ? await entry.Observer.AskedAsync(asked, entry.CancellationToken) : NobodyAsks.Refuse(asked);
                answer = answer is JsonRpcError error ? new JsonRpcError { Id = asked.Id, Error = error.Error } : new JsonRpcResponse { Id = asked.Id, Result = ((JsonRpcResponse)answer).Result };
            }

            await WriteAsync(answer, ended.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException || UpstreamExceptions.IsOurs(exception))
        {
            // The request has ended, or the channel has.
        }
    }
}
