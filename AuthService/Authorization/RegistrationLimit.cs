using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// So many clients an hour from one address (<see cref="OAuthOptions"/>), counted in each replica by itself, after the Gateway's own limit; what holds for all of them together is the
/// number of unused registrations in the database.
/// </summary>
internal sealed class RegistrationLimit(IOptions<OAuthOptions> options) : IDisposable
{
    private readonly PartitionedRateLimiter<IPAddress> limiter = PartitionedRateLimiter.Create<IPAddress, string>(address =>
        RateLimitPartition.GetTokenBucketLimiter(NetworkOf(address), _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.Value.Registrations,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromHours(1) / options.Value.Registrations,
            AutoReplenishment = true,
            QueueLimit = 0,
        }));

    /// <summary>Books a registration.</summary>
    /// <returns>How long the address must wait; null when it may register.</returns>
    public TimeSpan? RetryAfter(IPAddress? address)
    {
        using var lease = limiter.AttemptAcquire(address ?? IPAddress.None);
        return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromMinutes(3);
    }

    public void Dispose() => limiter.Dispose();

    // A customer of a provider has 2^64 addresses of IPv6: a /64 is one of them.
    private static string NetworkOf(IPAddress address) => address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false }
        ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
        : address.MapToIPv4().ToString();
}
