using System.Threading.RateLimiting;

namespace McpPlatform.Gateway.RateLimits;

/// <summary>One caller's bucket: tokens that this replica has at hand, else some from the bucket that all replicas share, else (Redis is away) from one of its own.</summary>
internal sealed class SharedTokenBucket(string key, int perMinute, SharedTokens shared, TimeProvider time) : RateLimiter
{
    // A twentieth: two replicas are then wrong by a tenth at most.
    private readonly int portion = Math.Max(1, perMinute / 20);
    private static readonly TimeSpan KeptAtHand = TimeSpan.FromSeconds(30);
    private readonly Lock gate = new();
    private readonly SemaphoreSlim asking = new(1, 1);
    private readonly Lazy<TokenBucketRateLimiter> own = new(() => new(new()
    {
        TokenLimit = perMinute,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = TimeSpan.FromMinutes(1) / perMinute,
        AutoReplenishment = true,
        QueueLimit = 0,
    }));

    private int atHand;
    private long takenAt, usedAt = time.GetTimestamp();

    public override TimeSpan? IdleDuration => time.GetElapsedTime(Volatile.Read(ref usedAt));

    public override RateLimiterStatistics? GetStatistics() => null;

    // The middleware asks this first, and the other where it says no.
    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        Volatile.Write(ref usedAt, time.GetTimestamp());
        lock (gate)
        {
            if (atHand < permitCount || time.GetElapsedTime(takenAt) > KeptAtHand)
            {
                return Lease.Refused(TimeSpan.FromSeconds(1));
            }

            atHand -= permitCount;
            return Lease.Granted;
        }
    }

    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        await asking.WaitAsync(cancellationToken);
        try
        {
            var lease = AttemptAcquireCore(permitCount);
            if (lease.IsAcquired)
            {
                return lease;
            }

            if (await shared.TakeAsync(key, perMinute, portion) is not { } taken)
            {
                return own.Value.AttemptAcquire(permitCount);
            }

            if (taken.Granted < permitCount)
            {
                return Lease.Refused(taken.RetryAfter);
            }

            lock (gate)
            {
                (atHand, takenAt) = (taken.Granted - permitCount, time.GetTimestamp());
            }

            return Lease.Granted;
        }
        finally
        {
            asking.Release();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            asking.Dispose();
            if (own.IsValueCreated)
            {
                own.Value.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private sealed class Lease(TimeSpan? retryAfter) : RateLimitLease
    {
        public static Lease Granted { get; } = new(null);

        public override bool IsAcquired => retryAfter is null;

        public override IEnumerable<string> MetadataNames => retryAfter is null ? [] : [MetadataName.RetryAfter.Name];

        public static Lease Refused(TimeSpan retryAfter) => new(retryAfter);

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = metadataName == MetadataName.RetryAfter.Name ? retryAfter : null;
            return metadata is not null;
        }
    }
}
