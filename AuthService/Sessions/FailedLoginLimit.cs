using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace McpPlatform.AuthService.Sessions;

/// <summary>At most 30 failed logins a minute from one address (ASVS 6.3.1). Counted in each replica by itself: the lockout of the account is what is shared.</summary>
internal sealed class FailedLoginLimit(TimeProvider time)
{
    private const int Limit = 30;
    private const int MaxAddresses = 50_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<IPAddress, (long Window, int Count)> failures = new();

    /// <summary>How long the address must wait; null when it may try.</summary>
    public TimeSpan? RetryAfter(IPAddress? address)
    {
        var now = time.GetUtcNow();
        var window = now.Ticks / Window.Ticks;
        return address is not null && failures.TryGetValue(NetworkOf(address), out var seen) && seen.Window == window && seen.Count >= Limit
            ? TimeSpan.FromTicks(Window.Ticks - (now.Ticks % Window.Ticks))
            : null;
    }

    public void Count(IPAddress? address)
    {
        if (address is null)
        {
            return;
        }

        var window = time.GetUtcNow().Ticks / Window.Ticks;
        if (failures.Count > MaxAddresses)
        {
            foreach (var (old, _) in failures.Where(pair => pair.Value.Window != window))
            {
                failures.TryRemove(old, out _);
            }
        }

        failures.AddOrUpdate(NetworkOf(address), (window, 1), (_, seen) => seen.Window == window ? (window, seen.Count + 1) : (window, 1));
    }

    // A customer of a provider has 2^64 addresses of IPv6: a /64 is one of them.
    private static IPAddress NetworkOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
