using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// A conversation over one channel that carries all messages in both directions: a process's standard input and output, or a stream of events and the address that belongs to it.
/// </summary>
#pragma warning disable CA1001 // The semaphore holds nothing that the collector does not free, and requests may still wait for it when the leg is closed.
internal sealed class ChannelLeg : IUpstreamLeg
#pragma warning restore CA1001
{
    private static readonly TimeSpan DiscoverTimeout = TimeSpan.FromSeconds(3);

    private readonly ChannelWire wire;
    private readonly SemaphoreSlim turn = new(1);
    private readonly bool oneAtATime;
    private string? logLevel;

    private ChannelLeg(ChannelWire wire, SessionOwner owner)
    {
        this.wire = wire;

        // The channel does not say for which request the server asks something. The requests of one session belong to one client, which may be asked in any of them;
        // where clients without sessions share this conversation, only one of their requests runs at a time.
        oneAtATime = owner.Capabilities.Count > 0 && owner.ClientSession is null;
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
        var leg = new ChannelLeg(new ChannelWire(transport, howItEnded), owner);
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
        if (wire.HasEnded)
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
            await wire.WriteAsync(new JsonRpcNotification { Method = method, Params = parameters }, cancellationToken);
        }
    }

    public async Task ListenAsync(JsonObject wanted, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        if (IsModern)
        {
            await ExchangeAsync(new UpstreamCall("subscriptions/listen", new JsonObject { ["notifications"] = wanted.DeepClone() }), observer, cancellationToken);
            return;
        }

        await wire.ListenAsync(observer, cancellationToken);
    }

    public async Task CloseAsync() => await wire.CloseAsync();

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
        await wire.WriteAsync(new JsonRpcNotification { Method = NotificationMethods.InitializedNotification }, cancellationToken);
    }

    private async Task<JsonRpcMessage> SendAsync(UpstreamCall request, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        if (!IsModern && request.LogLevel is { } level && level != logLevel && Profile.Has("logging"))
        {
            logLevel = level;
            await SendAsync(new UpstreamCall("logging/setLevel", new JsonObject { ["level"] = level }), NobodyAsks.Instance, cancellationToken);
        }

        var parameters = IsModern ? ModernMeta.AddTo(request.Parameters, request.Capabilities, request.LogLevel) : ModernMeta.RemoveFrom(request.Parameters);
        return await wire.RequestAsync(request.Method, parameters, observer, cancellationToken);
    }
}
