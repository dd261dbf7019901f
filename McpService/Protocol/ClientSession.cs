using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Upstream;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace McpPlatform.McpService.Protocol;

/// <summary>A session of a client of the revisions with sessions: what it said when it began, and what it listens to.</summary>
internal sealed class ClientSession(McpServer server, string? bundle) : IAsyncDisposable
{
    private static readonly TimeSpan Renewal = TimeSpan.FromMinutes(10);
    private readonly CancellationTokenSource ended = new();
    private readonly ConcurrentDictionary<(string Server, string Uri), CancellationTokenSource> subscriptions = new();
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
internal sealed class ClientSessions(UpstreamSessions upstream, ListChanges changes, SessionHomes homes, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ClientSession> sessions = new(StringComparer.Ordinal);

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

        await using var session = new ClientSession(server, bundle);
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
