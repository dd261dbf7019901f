using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Upstream;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpPlatform.McpService.Protocol;

/// <summary>A session of a client of the revisions with sessions: what it said when it began, and what it listens to.</summary>
internal sealed class ClientSession(McpServer server, string? bundle, Registry registry) : IAsyncDisposable
{
    private static readonly TimeSpan Renewal = TimeSpan.FromMinutes(10);
    private readonly CancellationTokenSource ended = new();
    private readonly ConcurrentDictionary<(string Server, string Uri), CancellationTokenSource> subscriptions = new();
    private readonly List<(UpstreamServer Server, IUpstreamLeg Leg)> attached = [];
    private readonly Dictionary<IUpstreamLeg, Task> streams = [];
    private readonly Lock gate = new();
    private bool listens;
    private Task following = Task.CompletedTask;
    private long renewed = TimeProvider.System.GetTimestamp();

    public string? Bundle => bundle;

    /// <summary>As the client sent them with <c>initialize</c>.</summary>
    public JsonObject Capabilities { get; set; } = [];

    /// <summary>From which level on it wants log messages.</summary>
    public string? LogLevel { get; set; }

    /// <summary>Whether it is time to say again where it is; true to one who asks.</summary>
    public bool IsToBeRenewed(TimeProvider time)
    {
        var last = Interlocked.Read(ref renewed);
        var now = time.GetTimestamp();
        return time.GetElapsedTime(last, now) >= Renewal && Interlocked.CompareExchange(ref renewed, now, last) == last;
    }

    /// <summary>Tells the client of changed lists from now on, on the stream that it keeps open.</summary>
    public void Follow(ListChanges changes) => following = FollowAsync(changes);

    /// <summary>The client keeps a stream open from now on: what servers say by themselves has a way to it.</summary>
    public void Listen()
    {
        lock (gate)
        {
            listens = true;
            attached.ForEach(server => _ = StreamOf(server.Server, server.Leg));
            attached.Clear();
        }
    }

    /// <summary>A session with a server was opened for this one.</summary>
    public void Attach(UpstreamServer upstream, IUpstreamLeg leg)
    {
        lock (gate)
        {
            if (listens)
            {
                _ = StreamOf(upstream, leg);
            }
            else
            {
                attached.RemoveAll(server => server.Server.Id == upstream.Id);
                attached.Add((upstream, leg));
            }
        }
    }

    /// <summary>The one stream on which a server speaks by itself in its session: it sends each message once, on one of its streams, and many allow no second.</summary>
    /// <returns>Ends with the stream.</returns>
    public Task StreamOf(UpstreamServer upstream, IUpstreamLeg leg)
    {
        lock (gate)
        {
            if (!streams.TryGetValue(leg, out var stream))
            {
                streams[leg] = stream = Task.Run(() => HearAsync(upstream, leg));
            }

            return stream;
        }
    }

    /// <summary>Whether the client has subscribed to a resource, as its server names it.</summary>
    public bool Subscribes(string upstream, string uri) => subscriptions.ContainsKey((upstream, uri));

    /// <summary>Asks the client something that belongs to no request of its own.</summary>
    public Task<JsonRpcMessage> AskAsync(string method, JsonNode? parameters, CancellationToken cancellationToken) => new PostLeg(server, canAsk: true).AskAsync(method, parameters, cancellationToken);

    /// <summary>Keeps a subscription running.</summary>
    /// <returns>False when there is one already, or there are too many.</returns>
    public bool TrySubscribe(string upstream, string uri, Func<CancellationToken, Task> run)
    {
        const int most = 100;
        var stop = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
        if (subscriptions.Count >= most || !subscriptions.TryAdd((upstream, uri), stop))
        {
            stop.Dispose();
            return false;
        }

        _ = run(stop.Token);
        return true;
    }

    public async Task UnsubscribeAsync(string upstream, string uri)
    {
        if (subscriptions.TryRemove((upstream, uri), out var stop))
        {
            await stop.CancelAsync();
            stop.Dispose();
        }
    }

    /// <summary>Tells the client something that belongs to no request.</summary>
    public async ValueTask TellAsync(string method, JsonNode? parameters, CancellationToken cancellationToken)
    {
        try
        {
            await server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters?.DeepClone() }, cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException or ObjectDisposedException)
        {
            // It keeps no stream open, or has gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await following;
        ended.Dispose();
    }

    private async Task HearAsync(UpstreamServer upstream, IUpstreamLeg leg)
    {
        try
        {
            await leg.ListenAsync([], new SessionEar(this, registry, upstream.Name), ended.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or HttpRequestException or IOException or McpException || UpstreamExceptions.IsOurs(exception))
        {
            // One of them has gone, or the server has no such stream.
        }
        finally
        {
            lock (gate)
            {
                streams.Remove(leg);
            }
        }
    }

    private async Task FollowAsync(ListChanges changes)
    {
        try
        {
            await foreach (var notification in changes.FollowAsync(bundle, ended.Token))
            {
                await TellAsync(notification, null, ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The session has ended.
        }
    }
}

/// <summary>The sessions of clients that this replica has.</summary>
internal sealed class ClientSessions
{
    private readonly ConcurrentDictionary<string, ClientSession> sessions = new(StringComparer.Ordinal);
    private readonly UpstreamSessions upstream;
    private readonly ListChanges changes;
    private readonly SessionHomes homes;
    private readonly Registry registry;
    private readonly TimeProvider time;

    public ClientSessions(UpstreamSessions upstream, ListChanges changes, SessionHomes homes, Registry registry, TimeProvider time)
    {
        (this.upstream, this.changes, this.homes, this.registry, this.time) = (upstream, changes, homes, registry, time);

        // What a server of the older revisions says by itself belongs to the session that it was opened for. Those of 2026-07-28 are told what to say.
        upstream.Opened = (server, owner, leg) =>
        {
            if (!leg.IsModern && Find(owner.ClientSession) is { } session)
            {
                session.Attach(server, leg);
            }
        };
    }

    public int Count => sessions.Count;

    public ClientSession? Find(string? id) => id is null ? null : sessions.GetValueOrDefault(id);

    /// <summary>Keeps a session that is used where the other replicas find it.</summary>
    public Task UsedAsync(string id, ClientSession session) => session.IsToBeRenewed(time) ? homes.KeepAsync(id) : Task.CompletedTask;

    /// <summary>Runs a session to its end, and then ends what it had opened.</summary>
    public async Task RunAsync(McpServer server, string? bundle, CancellationToken cancellationToken)
    {
        if (server.SessionId is not { } id)
        {
            await server.RunAsync(cancellationToken);
            return;
        }

        await using var session = new ClientSession(server, bundle, registry);
        sessions[id] = session;
        session.Follow(changes);
        await homes.KeepAsync(id);
        try
        {
            await server.RunAsync(cancellationToken);
        }
        finally
        {
            sessions.TryRemove(id, out _);
            await homes.ForgetAsync(id);
            await upstream.ForgetClientAsync(id);
        }
    }
}
