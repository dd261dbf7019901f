using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace McpPlatform.AuthService.Sessions;

/// <summary>
/// At most 30 failed logins in any minute from one address (ASVS 6.3.1), whichever replica it asks: they are counted in Redis. Each replica also counts its
/// own, which is what holds while Redis is away. Names that are tried are counted by the lock of the account, in the database.
/// </summary>
internal sealed partial class FailedLoginLimit(IConnectionMultiplexer redis, TimeProvider time, ILogger<FailedLoginLimit> logger)
{
    private const int Limit = 30;
    private const int MaxAddresses = 50_000;

    // The newest failures by Redis' clock: the replicas' need not agree. With a name a failure is added; the answer is how long to wait, in milliseconds.
    private const string Script = """
        local clock = redis.call('TIME')
        local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
        local window, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
        if ARGV[3] ~= '' then
            redis.call('ZADD', KEYS[1], now, ARGV[3])
            redis.call('PEXPIRE', KEYS[1], window)
        end
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
        redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -limit - 1)
        if redis.call('ZCARD', KEYS[1]) < limit then return 0 end
        return window - (now - tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]))
        """;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1), Patience = TimeSpan.FromSeconds(1), Pause = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, Failures> own = new(StringComparer.Ordinal);
    private long pausedUntil;

    /// <summary>How long the address must wait; null when it may try.</summary>
    public async Task<TimeSpan?> RetryAfterAsync(IPAddress? address)
    {
        if (address is null)
        {
            return null;
        }

        var network = NetworkOf(address);
        return own.TryGetValue(network, out var failures) && failures.Wait(time.GetTimestamp(), time) is { } wait ? wait : await AskAsync(network, string.Empty);
    }

    /// <summary>Counts a failure.</summary>
    public async Task CountAsync(IPAddress? address)
    {
        if (address is null)
        {
            return;
        }

        var (network, now) = (NetworkOf(address), time.GetTimestamp());
        if (own.Count > MaxAddresses)
        {
            foreach (var (old, _) in own.Where(pair => pair.Value.IsOver(now, time)))
            {
                own.TryRemove(old, out _);
            }
        }

        own.GetOrAdd(network, _ => new()).Add(now);
        await AskAsync(network, Guid.CreateVersion7().ToString("N"));
    }

    private async Task<TimeSpan?> AskAsync(string network, string failure)
    {
        if (time.GetTimestamp() < Volatile.Read(ref pausedUntil))
        {
            return null;
        }

        try
        {
            var wait = (int)await redis.GetDatabase()
                .ScriptEvaluateAsync(Script, ["failed-logins:" + network], [(long)Window.TotalMilliseconds, Limit, failure]).WaitAsync(Patience);
            return wait > 0 ? TimeSpan.FromMilliseconds(wait) : null;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // Not every login shall wait to learn the same.
            Volatile.Write(ref pausedUntil, time.GetTimestamp() + (long)(Pause.TotalSeconds * time.TimestampFrequency));
            LogAlone(exception);
            return null;
        }
    }

    // A customer of a provider has 2^64 addresses of IPv6: a /64 is one of them.
    private static string NetworkOf(IPAddress address) => address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false }
        ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
        : address.MapToIPv4().ToString();

    [LoggerMessage(211, LogLevel.Warning, "Redis does not count failed logins: this replica counts its own for the next seconds")]
    private partial void LogAlone(Exception exception);

    /// <summary>When the newest failures were, as many as matter.</summary>
    private sealed class Failures
    {
        private readonly Lock gate = new();
        private readonly Queue<long> times = new();

        public void Add(long now)
        {
            lock (gate)
            {
                times.Enqueue(now);
                if (times.Count > Limit)
                {
                    times.Dequeue();
                }
            }
        }

        public TimeSpan? Wait(long now, TimeProvider time)
        {
            lock (gate)
            {
                return times.Count == Limit && Window - time.GetElapsedTime(times.Peek(), now) is var wait && wait > TimeSpan.Zero ? wait : null;
            }
        }

        public bool IsOver(long now, TimeProvider time)
        {
            lock (gate)
            {
                return times.All(one => time.GetElapsedTime(one, now) >= Window);
            }
        }
    }
}
