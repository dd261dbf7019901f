using StackExchange.Redis;

namespace McpPlatform.Gateway.RateLimits;

/// <summary>
/// The buckets that all replicas of the Gateway share, in Redis. A replica takes a few tokens at once and gives them out by itself, so that few requests wait for
/// Redis; what it has taken and not used is the error of the count.
/// </summary>
internal sealed partial class SharedTokens(IConnectionMultiplexer redis, TimeProvider time, ILogger<SharedTokens> logger)
{
    // Redis' clock: the replicas' need not agree. A bucket that is full again says nothing and may expire.
    private const string Take = """
        local capacity, per_ms, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local clock = redis.call('TIME')
        local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
        local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
        local tokens = math.min(capacity, (tonumber(bucket[1]) or capacity) + math.max(0, now - (tonumber(bucket[2]) or now)) * per_ms)
        local granted = math.min(want, math.floor(tokens))
        redis.call('HSET', KEYS[1], 'tokens', tokens - granted, 'at', now)
        redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - tokens + granted) / per_ms) + 1000)
        local wait = 0
        if granted == 0 then wait = math.ceil((1 - tokens) / per_ms) end
        return { granted, wait }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250), Pause = TimeSpan.FromSeconds(5);
    private long pausedUntil;

    /// <summary>Takes tokens.</summary>
    /// <param name="key">Whose bucket.</param>
    /// <param name="perMinute">The bucket's size, and how many it gets a minute.</param>
    /// <param name="want">At most so many.</param>
    /// <returns>How many were there, and how long until the next one; null when Redis does not answer: then each replica must count for itself.</returns>
    public async Task<(int Granted, TimeSpan RetryAfter)?> TakeAsync(string key, int perMinute, int want)
    {
        if (time.GetTimestamp() < Volatile.Read(ref pausedUntil))
        {
            return null;
        }

        try
        {
            var answer = (int[]?)await redis.GetDatabase()
                .ScriptEvaluateAsync(Take, ["rate-limit:" + key], [perMinute, perMinute / 60_000d, want]).WaitAsync(Patience, time);
            return (answer![0], TimeSpan.FromMilliseconds(answer[1]));
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // Not every request shall wait to learn the same.
            Volatile.Write(ref pausedUntil, time.GetTimestamp() + (long)(Pause.TotalSeconds * time.TimestampFrequency));
            LogAlone(exception);
            return null;
        }
    }

    [LoggerMessage(320, LogLevel.Warning, "Redis does not count requests: this replica counts its own for the next seconds")]
    private partial void LogAlone(Exception exception);
}
