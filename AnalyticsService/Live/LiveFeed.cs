using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using McpPlatform.AnalyticsService.Rollups;
using McpPlatform.ServiceDefaults;
using StackExchange.Redis;

namespace McpPlatform.AnalyticsService.Live;

/// <summary>
/// Once a second: tells the other replicas, over Redis, what this one stored, and its listeners what all of them did. While Redis is away listeners see what their own
/// replica stores.
/// </summary>
internal sealed partial class LiveFeed(LiveTraffic own, IConnectionMultiplexer redis, ServiceIdentity identity, TimeProvider time, ILogger<LiveFeed> logger) : BackgroundService
{
    private const int Most = 1_000;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly RedisChannel Parts = RedisChannel.Literal("analytics:live");
    private readonly ConcurrentDictionary<Channel<LiveSnapshot>, bool> listeners = new();
    private readonly LiveTraffic all = new();
    private bool subscribed;

    /// <summary>Snapshots from now on; a listener that is slow misses some.</summary>
    /// <returns>Null when there are too many listeners.</returns>
    public IAsyncEnumerable<LiveSnapshot>? TryListen(CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<LiveSnapshot>(new BoundedChannelOptions(2) { FullMode = BoundedChannelFullMode.DropOldest });
        return listeners.Count < Most && listeners.TryAdd(channel, true) ? ReadAsync(channel, cancellationToken) : null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Second, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var part = own.Take(identity.Instance);
            all.Add(part);
            await ShareAsync(part);
            var sum = all.Take(string.Empty);
            var latencies = new LatencySketch(sum.Latencies);
            var snapshot = new LiveSnapshot(
                time.GetUtcNow(), sum.Requests, sum.ClientErrors, sum.ServerErrors, sum.Requests == 0 ? 0 : (double)sum.ServerErrors / sum.Requests,
                latencies.Percentile(0.5), latencies.Percentile(0.95), sum.ToolCalls, sum.FailedToolCalls);
            foreach (var listener in listeners.Keys)
            {
                listener.Writer.TryWrite(snapshot);
            }
        }
    }

    private async IAsyncEnumerable<LiveSnapshot> ReadAsync(Channel<LiveSnapshot> channel, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var snapshot in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return snapshot;
            }
        }
        finally
        {
            listeners.TryRemove(channel, out _);
        }
    }

    private async Task ShareAsync(LivePart part)
    {
        try
        {
            if (!subscribed)
            {
                await redis.GetSubscriber().SubscribeAsync(Parts, (_, message) => Hear(message));
                subscribed = true;
            }

            if (part.Requests + part.ToolCalls > 0)
            {
                await redis.GetSubscriber().PublishAsync(Parts, JsonSerializer.Serialize(part), CommandFlags.FireAndForget);
            }
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogNotShared(exception);
        }
    }

    private void Hear(RedisValue message)
    {
        try
        {
            if (JsonSerializer.Deserialize<LivePart>((string)message!) is { Latencies: not null } part && part.Instance != identity.Instance)
            {
                all.Add(part);
            }
        }
        catch (JsonException)
        {
            // Of another version; its replica is about to be replaced.
        }
    }

    [LoggerMessage(4006, LogLevel.Debug, "Live traffic cannot be shared with the other replicas at the moment")]
    private partial void LogNotShared(Exception exception);
}
