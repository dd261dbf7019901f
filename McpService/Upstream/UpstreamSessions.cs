using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Catalogue;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// Keeps the conversations with servers that this replica has: one for each server and <see cref="SessionOwner"/>. Whoever needs it first opens it, the others
/// wait for that; when the server has forgotten it, it is opened again and the request, which was not executed, is sent once more. Nothing else is ever
/// repeated: tools have effects. What nobody used for a while is closed.
/// </summary>
internal sealed class UpstreamSessions : IRegistryObserver, IAsyncDisposable
{
    private readonly ConcurrentDictionary<(Guid Server, SessionOwner Owner), Session> sessions = new();
    private readonly ConcurrentDictionary<Guid, (Uri Url, bool Modern, UpstreamProfile Profile)> met = new();
    private readonly UpstreamConnector connector;
    private readonly UpstreamBreakers breakers;
    private readonly UpstreamOptions options;
    private readonly TimeProvider time;
    private readonly ITimer sweep;

    public UpstreamSessions(UpstreamConnector connector, UpstreamBreakers breakers, IOptions<UpstreamOptions> options, TimeProvider time)
    {
        (this.connector, this.breakers, this.options, this.time) = (connector, breakers, options.Value, time);
        var period = this.options.SessionIdle / 4;
        sweep = time.CreateTimer(_ => CloseIdle(), null, period, period);
    }

    /// <summary>A conversation was opened. Called by who opens it, which waits: do not block.</summary>
    public Action<UpstreamServer, SessionOwner, IUpstreamLeg>? Opened { get; set; }

    /// <summary>How many conversations are kept.</summary>
    public int Count => sessions.Count;

    /// <summary>Sends a request of the platform's own, in the conversation of whoever it is for.</summary>
    /// <param name="server">Which server.</param>
    /// <param name="owner">Whose conversation.</param>
    /// <param name="method">Such as <c>tools/list</c>.</param>
    /// <param name="parameters">Makes the parameters; asked again for a repetition.</param>
    /// <param name="cancellationToken">Cancels the request at the server too.</param>
    /// <inheritdoc cref="UpstreamLegExtensions.RequestAsync"/>
    public Task<JsonObject> RequestAsync(UpstreamServer server, SessionOwner owner, string method, Func<JsonObject> parameters, CancellationToken cancellationToken) =>
        UseAsync(server, owner, leg => leg.RequestAsync(method, parameters(), cancellationToken), cancellationToken);

    /// <summary>Uses the owner's leg to the server, and another one when the server has forgotten the session.</summary>
    public async Task<T> UseAsync<T>(UpstreamServer server, SessionOwner owner, Func<IUpstreamLeg, Task<T>> use, CancellationToken cancellationToken)
    {
        for (var first = true; ; first = false)
        {
            var session = Current(server, owner);
            try
            {
                return await use(await session.Leg.Value.WaitAsync(cancellationToken));
            }
            catch (UpstreamSessionLostException exception)
            {
                Drop(session);
                if (!first)
                {
                    throw new UpstreamException(UpstreamFailure.BadAnswer, "forgot its session at once", exception);
                }
            }
            catch (UpstreamException exception) when (exception.Failure == UpstreamFailure.Unreachable)
            {
                // What comes back may be another process, or another era.
                Drop(session);
                met.TryRemove(server.Id, out _);
                throw;
            }
            finally
            {
                session.Leave(time.GetTimestamp());
            }
        }
    }

    /// <summary>What a server said of itself, if this replica has met it.</summary>
    public UpstreamProfile? FindProfile(UpstreamServer server) => met.TryGetValue(server.Id, out var known) && known.Url == server.Url ? known.Profile : null;

    /// <summary>Ends the conversations with a server that is no longer registered, or has moved.</summary>
    public Task ForgetAsync(Guid server) => CloseAsync(session => session.Server.Id == server);

    /// <summary>Ends the conversations with servers that were removed, disabled or moved, here or by way of another replica, as soon as nobody uses them.</summary>
    public void RegistryChanged(RegistrySnapshot before, RegistrySnapshot after)
    {
        foreach (var session in sessions.Values)
        {
            if (before.Servers.TryGetValue(session.Server.Id, out var was) && was.Upstream == session.Server && after.Servers.GetValueOrDefault(session.Server.Id)?.Upstream != session.Server)
            {
                Drop(session);
                session.Retire();
            }
        }
    }

    /// <summary>Ends what a client's session had opened.</summary>
    public Task ForgetClientAsync(string clientSession) => CloseAsync(session => session.Owner.ClientSession == clientSession);

    /// <summary>Tells the servers that a client's session spoke to.</summary>
    public async Task NotifyAsync(string clientSession, string method, JsonObject? parameters, CancellationToken cancellationToken)
    {
        foreach (var session in sessions.Values.Where(session => session.Owner.ClientSession == clientSession && session.Leg is { IsValueCreated: true, Value.IsCompletedSuccessfully: true }))
        {
            try
            {
                await (await session.Leg.Value).NotifyAsync(method, parameters?.DeepClone().AsObject(), cancellationToken);
            }
            catch (Exception exception) when (UpstreamExceptions.IsOurs(exception))
            {
                // It will find out when it is next spoken to.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await sweep.DisposeAsync();
        await CloseAsync(_ => true);
    }

    private Session Current(UpstreamServer server, SessionOwner owner)
    {
        // Without sessions there is nothing to keep apart but what each user may see.
        if (met.TryGetValue(server.Id, out var era) && era.Url == server.Url && era.Modern && owner.User is { } user)
        {
            owner = SessionOwner.Of(user) with { AccessToken = owner.AccessToken };
        }

        while (true)
        {
            if (!sessions.ContainsKey((server.Id, owner)))
            {
                breakers.Check(server);
            }

            var opened = new Session(server, owner, () => OpenAsync(server, owner));
            var session = sessions.GetOrAdd((server.Id, owner), opened);

            // What cannot be opened may be known at once: that is then the answer, and for the next one to try anew.
            var isNew = ReferenceEquals(session, opened);
            if (session.Server == server && (isNew || !session.Leg.Value.IsFaulted && !session.Leg.Value.IsCanceled) && session.TryEnter())
            {
                return session;
            }

            // Moved, closed, or it could not be opened.
            Drop(session);
            session.Retire();
        }
    }

    private void Drop(Session session) => sessions.TryRemove(KeyValuePair.Create((session.Server.Id, session.Owner), session));

    // Not with the token of who came first: the others wait for it too.
    private async Task<IUpstreamLeg> OpenAsync(UpstreamServer server, SessionOwner owner)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout);
        try
        {
            bool? known = met.TryGetValue(server.Id, out var era) && era.Url == server.Url ? era.Modern : null;
            var leg = await connector.ConnectAsync(server, owner, known, timeout.Token);
            met[server.Id] = (server.Url, leg.IsModern, leg.Profile);
            Opened?.Invoke(server, owner, leg);
            return leg;
        }
        catch (OperationCanceledException exception)
        {
            throw new UpstreamException(UpstreamFailure.Timeout, $"did not open a session within {options.ConnectTimeout.TotalSeconds:0.#} s", exception);
        }
        catch
        {
            // It may have become another server.
            met.TryRemove(server.Id, out _);
            throw;
        }
    }

    private void CloseIdle() => _ = CloseAsync(session => session.IsIdle(time, options.SessionIdle));

    private Task CloseAsync(Func<Session, bool> which) => Task.WhenAll(sessions.Values.Where(which).Select(session =>
    {
        Drop(session);
        return session.CloseAsync();
    }));

    private sealed class Session(UpstreamServer server, SessionOwner owner, Func<Task<IUpstreamLeg>> open)
    {
        private readonly Lock gate = new();
        private int users;
        private long lastUsed;
        private bool closed, retired;

        public UpstreamServer Server => server;

        public SessionOwner Owner => owner;

        public Lazy<Task<IUpstreamLeg>> Leg { get; } = new(open);

        public bool TryEnter()
        {
            lock (gate)
            {
                users += closed ? 0 : 1;
                return !closed;
            }
        }

        public void Leave(long now)
        {
            lock (gate)
            {
                users--;
                lastUsed = now;
            }

            CloseIfRetired();
        }

        /// <summary>Closes it as soon as nobody uses it any more.</summary>
        public void Retire()
        {
            lock (gate)
            {
                retired = true;
            }

            CloseIfRetired();
        }

        private void CloseIfRetired()
        {
            bool now;
            lock (gate)
            {
                now = retired && users == 0;
            }

            if (now)
            {
                _ = CloseAsync();
            }
        }

        public bool IsIdle(TimeProvider time, TimeSpan atLeast)
        {
            lock (gate)
            {
                return users == 0 && lastUsed != 0 && time.GetElapsedTime(lastUsed) >= atLeast;
            }
        }

        public async Task CloseAsync()
        {
            lock (gate)
            {
                if (closed)
                {
                    return;
                }

                closed = true;
            }

            if (Leg.IsValueCreated)
            {
                try
                {
                    await (await Leg.Value).CloseAsync();
                }
                catch (Exception exception) when (UpstreamExceptions.IsOurs(exception))
                {
                    // It was never open.
                }
            }
        }
    }
}
