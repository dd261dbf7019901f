using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// Keeps one session per server for this replica. Whoever needs it first opens it, the others wait for that; when the server has forgotten it,
/// it is opened again and the request, which was not executed, is sent once more. Nothing else is ever repeated: tools have effects.
/// </summary>
internal sealed class UpstreamSessions(UpstreamConnector connector, IOptions<UpstreamOptions> options) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, Session> sessions = new();

    /// <summary>Sends a request over the server's session.</summary>
    /// <param name="server">Which server.</param>
    /// <param name="method">Such as <c>tools/list</c>.</param>
    /// <param name="parameters">Makes the parameters; asked again for a repetition.</param>
    /// <param name="cancellationToken">Cancels the request at the server too.</param>
    /// <inheritdoc cref="IUpstreamLeg.RequestAsync"/>
    public Task<JsonObject> RequestAsync(UpstreamServer server, string method, Func<JsonObject> parameters, CancellationToken cancellationToken) =>
        UseAsync(server, leg => leg.RequestAsync(method, parameters(), cancellationToken), cancellationToken);

    /// <summary>Uses the server's leg, and another one when the server has forgotten the session.</summary>
    public async Task<T> UseAsync<T>(UpstreamServer server, Func<IUpstreamLeg, Task<T>> use, CancellationToken cancellationToken)
    {
        for (var first = true; ; first = false)
        {
            var session = Current(server);
            var leg = await session.Leg.Value.WaitAsync(cancellationToken);
            try
            {
                return await use(leg);
            }
            catch (UpstreamSessionLostException exception)
            {
                Drop(server, session);
                if (!first)
                {
                    throw new UpstreamException(UpstreamFailure.BadAnswer, "forgot its session at once", exception);
                }
            }
            catch (UpstreamException exception) when (exception.Failure == UpstreamFailure.Unreachable)
            {
                // What comes back may be another process, or another era.
                Drop(server, session);
                throw;
            }
        }
    }

    /// <summary>Ends the session of a server that is no longer registered.</summary>
    public Task ForgetAsync(Guid serverId) => sessions.TryRemove(serverId, out var session) ? session.CloseAsync() : Task.CompletedTask;

    public async ValueTask DisposeAsync() => await Task.WhenAll(sessions.Values.Select(session => session.CloseAsync()));

    private Session Current(UpstreamServer server)
    {
        while (true)
        {
            var session = sessions.GetOrAdd(server.Id, _ => new Session(server.Url, () => OpenAsync(server)));
            if (session.Url == server.Url && !session.Leg.Value.IsFaulted && !session.Leg.Value.IsCanceled)
            {
                return session;
            }

            // Moved, or it could not be opened: the next one tries anew.
            Drop(server, session);
        }
    }

    private void Drop(UpstreamServer server, Session session) => sessions.TryRemove(KeyValuePair.Create(server.Id, session));

    // Not with the token of who came first: the others wait for it too.
    private async Task<IUpstreamLeg> OpenAsync(UpstreamServer server)
    {
        using var timeout = new CancellationTokenSource(options.Value.ConnectTimeout);
        try
        {
            return await connector.ConnectAsync(server.Url, timeout.Token);
        }
        catch (OperationCanceledException exception)
        {
            throw new UpstreamException(
                UpstreamFailure.Timeout, $"did not open a session within {options.Value.ConnectTimeout.TotalSeconds:0.#} s", exception);
        }
    }

    private sealed class Session(Uri url, Func<Task<IUpstreamLeg>> open)
    {
        public Uri Url => url;

        public Lazy<Task<IUpstreamLeg>> Leg { get; } = new(open);

        public async Task CloseAsync()
        {
            if (Leg.IsValueCreated && Leg.Value.IsCompletedSuccessfully)
            {
                await (await Leg.Value).CloseAsync();
            }
        }
    }
}
