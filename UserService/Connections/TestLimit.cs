using System.Collections.Concurrent;
using StackExchange.Redis;

namespace McpPlatform.UserService.Connections;

/// <summary>
/// At most sixty tests of connections a minute for each user: what tests connections could otherwise map a network. Counted in Redis for all replicas
/// together; while Redis is away, in each by itself.
/// </summary>
internal sealed class TestLimit(IConnectionMultiplexer redis, TimeProvider time)
{
    public const int PerMinute = 60;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<Guid, (long Window, long Count)> counts = new();

    /// <summary>Counts one test.</summary>
    /// <returns>How long to wait; null when the test may go ahead.</returns>
    public async Task<TimeSpan?> TakeAsync(Guid userId)
    {
        var now = time.GetUtcNow();
        var window = now.Ticks / Window.Ticks;
        return await CountAsync(userId, window) > PerMinute ? TimeSpan.FromTicks(Window.Ticks - (now.Ticks % Window.Ticks)) : null;
    }

    private async Task<long> CountAsync(Guid userId, long window)
    {
        // Both, so that nobody starts anew when Redis goes away in the middle of a minute.
        foreach (var (user, _) in counts.Where(pair => pair.Value.Window != window))
        {
            counts.TryRemove(user, out _);
        }

        var local = counts.AddOrUpdate(userId, (window, 1), (_, seen) => seen.Window == window ? (window, seen.Count + 1) : (window, 1)).Count;
        try
        {
            RedisKey key = $"users:connection-tests:{userId:N}:{window}";
            var transaction = redis.GetDatabase().CreateTransaction();
            var count = transaction.StringIncrementAsync(key);
            _ = transaction.KeyExpireAsync(key, Window);
            await transaction.ExecuteAsync();
            return Math.Max(local, await count);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or OperationCanceledException)
        {
            return local;
        }
    }
}
