using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>A request on a <see cref="ChannelLeg"/> that waits for its reply.</summary>
internal sealed class ChannelRequest(IUpstreamObserver observer, CancellationToken cancellationToken) : IDisposable
{
    private const int MaxWaiting = 1_000;
    private readonly Lock gate = new();
    private int waiting;
    private Task told = Task.CompletedTask;

    public IUpstreamObserver Observer => observer;

    public CancellationToken CancellationToken => cancellationToken;

    public JsonNode? ProgressToken { get; set; }

    public TaskCompletionSource<JsonRpcMessage> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Does something after all that was asked for before: a client that reads slowly holds up its own request and no other.</summary>
    /// <param name="tell">What to do.</param>
    /// <param name="isNews">A notification, which is left out when a thousand of them wait already: a server can send faster than a client reads.</param>
    public void Enqueue(Func<ValueTask> tell, bool isNews)
    {
        lock (gate)
        {
            if (!isNews || waiting < MaxWaiting)
            {
                Interlocked.Increment(ref waiting);
                told = ThenAsync(told, tell);
            }
        }
    }

    public void Dispose() => Reply.TrySetCanceled(CancellationToken.None);

    private async Task ThenAsync(Task before, Func<ValueTask> tell)
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
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }
}
