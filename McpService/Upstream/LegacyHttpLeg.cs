using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>A session of the revisions up to 2025-11-25: opened with <c>initialize</c>, named in a header from then on.</summary>
internal sealed class LegacyHttpLeg(UpstreamHttp http, UpstreamEndpoint endpoint, UpstreamProfile profile) : IUpstreamLeg
{
    private static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(1);
    private long lastId;
    private string? logLevel;

    public string ProtocolVersion => endpoint.ProtocolVersion!;

    public bool IsModern => false;

    public UpstreamProfile Profile => profile;

    public async Task<JsonRpcMessage> ExchangeAsync(UpstreamCall request, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        if (request.LogLevel is { } level && level != logLevel && profile.Has("logging"))
        {
            logLevel = level;
            await SendAsync(new UpstreamCall("logging/setLevel", new JsonObject { ["level"] = level }), NobodyAsks.Instance, cancellationToken);
        }

        return await SendAsync(request with { Parameters = ModernMeta.RemoveFrom(request.Parameters) }, observer, cancellationToken);
    }

    public Task NotifyAsync(string method, JsonObject? parameters, CancellationToken cancellationToken) =>
        http.NotifyAsync(endpoint, new JsonRpcNotification { Method = method, Params = parameters }, cancellationToken);

    public Task ListenAsync(JsonObject wanted, IUpstreamObserver observer, CancellationToken cancellationToken) => http.ListenAsync(endpoint, observer, cancellationToken);

    public Task CloseAsync() => endpoint.SessionId is null ? Task.CompletedTask : http.EndSessionAsync(endpoint, TimeSpan.FromSeconds(2));

    private async Task<JsonRpcMessage> SendAsync(UpstreamCall request, IUpstreamObserver observer, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref lastId);
        using var abort = new CancellationTokenSource();
        var exchange = http.ExchangeAsync(
            endpoint with { Headers = request.Headers, CallersToken = request.Caller?.AccessToken ?? endpoint.CallersToken }, new JsonRpcRequest { Id = new RequestId(id), Method = request.Method, Params = request.Parameters }, observer, abort.Token);
        try
        {
            return (await exchange.WaitAsync(cancellationToken)).Reply;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // In this era a closed connection says nothing: the server would work to the end.
            await CancelAsync(id);
            await abort.CancelAsync();
            await ((Task)exchange).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task CancelAsync(long id)
    {
        using var timeout = new CancellationTokenSource(CancelTimeout);
        try
        {
            await NotifyAsync(NotificationMethods.CancelledNotification, new JsonObject { ["requestId"] = id }, timeout.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or UpstreamException or UpstreamErrorException or UpstreamSessionLostException)
        {
            // It cannot be told. The caller waits for nothing more.
        }
    }
}
