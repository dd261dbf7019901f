using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>A session of the revisions up to 2025-11-25: opened with <c>initialize</c>, named in a header from then on.</summary>
internal sealed class LegacyHttpLeg(UpstreamHttp http, UpstreamEndpoint endpoint, bool hasTools) : IUpstreamLeg
{
    private static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(1);
    private long lastId;

    public string ProtocolVersion => endpoint.ProtocolVersion!;

    public bool HasTools => hasTools;

    public async Task<JsonObject> RequestAsync(string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref lastId);
        using var abort = new CancellationTokenSource();
        var request = http.RequestAsync(endpoint, new JsonRpcRequest { Id = new RequestId(id), Method = method, Params = parameters }, abort.Token);
        try
        {
            return (await request.WaitAsync(cancellationToken)).Result;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // In this era a closed connection says nothing: the server would work to the end.
            await CancelAsync(id);
            await abort.CancelAsync();
            await ((Task)request).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    public Task PingAsync(CancellationToken cancellationToken) => RequestAsync(RequestMethods.Ping, [], cancellationToken);

    public Task CloseAsync() => endpoint.SessionId is null ? Task.CompletedTask : http.EndSessionAsync(endpoint, TimeSpan.FromSeconds(2));

    private async Task CancelAsync(long id)
    {
        using var timeout = new CancellationTokenSource(CancelTimeout);
        try
        {
            await http.NotifyAsync(
                endpoint,
                new JsonRpcNotification { Method = NotificationMethods.CancelledNotification, Params = new JsonObject { ["requestId"] = id } },
                timeout.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or UpstreamException or UpstreamErrorException or UpstreamSessionLostException)
        {
            // It cannot be told. The caller waits for nothing more.
        }
    }
}
