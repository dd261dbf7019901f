using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// A conversation over one channel that carries all messages in both directions: a process's standard input and output, or HTTP with server-sent events of 2024.
/// Requests have ids, and progress has tokens, of this leg's own, so that nobody gets what belongs to another request.
/// </summary>
#pragma warning disable CA1001 // Neither the source nor the semaphore holds anything that the collector does not free, and requests may still look at them when the leg is closed.
internal sealed class ChannelLeg : IUpstreamLeg
#pragma warning restore CA1001
{
    private static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(1), DiscoverTimeout = TimeSpan.FromSeconds(3), Farewell = TimeSpan.FromMilliseconds(500);

    private readonly ITransport transport;
    private readonly Func<string> howItEnded;
    private readonly ConcurrentDictionary<long, Pending> pending = new();
    private readonly ConcurrentDictionary<Guid, IUpstreamObserver> listeners = new();
    private readonly CancellationTokenSource ended = new();
    private readonly SemaphoreSlim turn = new(1);
    private readonly bool oneAtATime;
    private long lastId;
    private string? logLevel;

    private ChannelLeg(ITransport transport, SessionOwner owner, Func<string> howItEnded)
    {
        (this.transport, this.howItEnded) = (transport, howItEnded);

        // The channel does not say for which request the server asks something. The requests of one session belong to one client, which may be asked in any of them;
        // where clients without sessions share this conversation, only one of their requests runs at a time.
        oneAtATime = owner.Capabilities.Count > 0 && owner.ClientSession is null;
        _ = ReadAsync();
    }

    public string ProtocolVersion { get; private set; } = ProtocolVersions.Modern;

    public bool IsModern { get; private set; } = true;

    public UpstreamProfile Profile { get; private set; } = new([], null, null);

    /// <summary>Finds out which era the server speaks, and opens a session where it has one.</summary>
    /// <param name="transport">The channel; it is the leg's from now on.</param>
    /// <param name="owner">Whose conversation it will be.</param>
    /// <param name="modern">The era that the server spoke when it was last met; null when it never was.</param>
    /// <param name="howItEnded">Says why the channel is closed, as the predicate of a sentence that begins with the server's name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UpstreamException">It gave no usable answer.</exception>
    public static async Task<ChannelLeg> OpenAsync(ITransport transport, SessionOwner owner, bool? modern, Func<string> howItEnded, CancellationToken cancellationToken)
    {
        var leg = new ChannelLeg(transport, owner, howItEnded);
        try
        {
            if (modern == false || !await leg.TryDiscoverAsync(cancellationToken))
            {
                await leg.InitializeAsync(owner.Capabilities, cancellationToken);
            }

            return leg;
        }
        catch (UpstreamErrorException exception)
        {
            await leg.CloseAsync();
            throw new UpstreamException(UpstreamFailure.BadAnswer, $"refused to open a session (error {exception.Code})", exception);
        }
        catch
        {
            await leg.CloseAsync();
            throw;
        }
    }

    public async Task<JsonRpcMessage> ExchangeAsync(UpstreamCall request, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        if (ended.IsCancellationRequested)
        {
            // It was not sent: another channel may carry it.
            throw new UpstreamSessionLostException();
        }

        if (!oneAtATime || request.Method == "subscriptions/listen")
        {
            return await SendAsync(request, observer, cancellationToken);
        }

        await turn.WaitAsync(cancellationToken);
        try
        {
            return await SendAsync(request, observer, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    public async Task NotifyAsync(string method, JsonObject? parameters, CancellationToken cancellationToken)
    {
        if (!IsModern)
        {
            await WriteAsync(new JsonRpcNotification { Method = method, Params = parameters }, cancellationToken);
        }
    }

    public async Task ListenAsync(JsonObject wanted, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        if (IsModern)
        {
            await ExchangeAsync(new UpstreamCall("subscriptions/listen", new JsonObject { ["notifications"] = wanted.DeepClone() }), observer, cancellationToken);
            return;
        }

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

    public async Task CloseAsync() => await transport.DisposeAsync();

    private async Task<bool> TryDiscoverAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(DiscoverTimeout);
        try
        {
            var reply = await SendAsync(new UpstreamCall("server/discover", []), NobodyAsks.Instance, timeout.Token);
            if (reply is JsonRpcResponse { Result: JsonObject result } && Handshake.Offers(result, ProtocolVersions.Modern))
            {
                Profile = UpstreamProfile.Of(result);
                return true;
            }

            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A server that is silent about what it does not know may still answer to what it knows.
            return false;
        }
    }

    private async Task InitializeAsync(JsonObject capabilities, CancellationToken cancellationToken)
    {
        IsModern = false;
        (ProtocolVersion, Profile) = Handshake.Read(await SendAsync(new UpstreamCall(RequestMethods.Initialize, Handshake.Initialize(capabilities)), NobodyAsks.Instance, cancellationToken));
        await WriteAsync(new JsonRpcNotification { Method = NotificationMethods.InitializedNotification }, cancellationToken);
    }

    private async Task<JsonRpcMessage> SendAsync(UpstreamCall request, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        if (!IsModern && request.LogLevel is { } level && level != logLevel && Profile.Has("logging"))
        {
            logLevel = level;
            await SendAsync(new UpstreamCall("logging/setLevel", new JsonObject { ["level"] = level }), NobodyAsks.Instance, cancellationToken);
        }

        var parameters = IsModern ? ModernMeta.AddTo(request.Parameters, request.Capabilities, request.LogLevel) : ModernMeta.RemoveFrom(request.Parameters);
        var id = Interlocked.Increment(ref lastId);
        using var entry = new Pending(observer, cancellationToken);
        if (parameters["_meta"] is JsonObject meta && meta["progressToken"] is { } token)
        {
            entry.ProgressToken = token.DeepClone();
            meta["progressToken"] = id;
        }

        pending[id] = entry;
        try
        {
            await WriteAsync(new JsonRpcRequest { Id = new RequestId(id), Method = request.Method, Params = parameters }, cancellationToken);
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

    private UpstreamException Ended(Exception? inner) => new(UpstreamFailure.Unreachable, howItEnded(), inner);

    private async Task WriteAsync(JsonRpcMessage message, CancellationToken cancellationToken)
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
        catch (Exception exception) when (exception is IOException or OperationCanceledException or System.Threading.Channels.ChannelClosedException or HttpRequestException)
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
                    });
                }

                break;
            case JsonRpcNotification notification:
                Tell(notification);
                break;
        }
    }

    private Pending? FindById(RequestId id) => id.Id is long number && pending.TryGetValue(number, out var entry) ? entry : null;

    private void Tell(JsonRpcNotification notification)
    {
        var parameters = notification.Params as JsonObject;
        if (notification.Method == NotificationMethods.ProgressNotification)
        {
            if (parameters?["progressToken"] is JsonValue token && token.TryGetValue(out long id) && pending.TryGetValue(id, out var entry) && entry.ProgressToken is { } own)
            {
                parameters["progressToken"] = own.DeepClone();
                entry.Enqueue(() => entry.Observer.NotifiedAsync(notification, entry.CancellationToken));
            }

            return;
        }

        if (parameters?["_meta"]?["io.modelcontextprotocol/subscriptionId"] is JsonValue subscription && subscription.TryGetValue(out long listening) && pending.TryGetValue(listening, out var listener))
        {
            listener.Enqueue(() => listener.Observer.NotifiedAsync(notification, listener.CancellationToken));
        }
        else if (notification.Method == "notifications/message")
        {
            // A log message says not whose it is: the request that runs longest has it.
            if (Longest() is { } entry)
            {
                entry.Enqueue(() => entry.Observer.NotifiedAsync(notification, entry.CancellationToken));
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

    private Pending? Longest() => pending.OrderBy(entry => entry.Key).Select(entry => entry.Value).FirstOrDefault();

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

    /// <summary>A request that waits for its reply.</summary>
    private sealed class Pending(IUpstreamObserver observer, CancellationToken cancellationToken) : IDisposable
    {
        private readonly Lock gate = new();
        private Task told = Task.CompletedTask;

        public IUpstreamObserver Observer => observer;

        public CancellationToken CancellationToken => cancellationToken;

        public JsonNode? ProgressToken { get; set; }

        public TaskCompletionSource<JsonRpcMessage> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Does something after all that was asked for before: a client that reads slowly holds up its own request and no other.</summary>
        public void Enqueue(Func<ValueTask> tell)
        {
            lock (gate)
            {
                told = ThenAsync(told, tell);
            }
        }

        public void Dispose() => Reply.TrySetCanceled(CancellationToken.None);

        private static async Task ThenAsync(Task before, Func<ValueTask> tell)
        {
            await before;
            try
            {
                await tell();
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                // The client has gone; its request is being cancelled.
            }
        }
    }
}
