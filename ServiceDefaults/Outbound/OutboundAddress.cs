using System.Net;
using System.Net.Sockets;

namespace McpPlatform.ServiceDefaults.Outbound;

/// <summary>What kind of address it is, whatever form it has.</summary>
internal static class OutboundAddress
{
    // Where clouds hand out the machine's credentials, and the links they live on.
    private static readonly IPNetwork[] Metadata = Parse(
        "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32");

    // IANA's special-purpose registries (RFC 6890 and its successors). Of IPv6 only 2000::/3 is public at all.
    private static readonly IPNetwork[] NotPublic = Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    private static readonly IPNetwork PublicV6 = IPNetwork.Parse("2000::/3"), Nat64 = IPNetwork.Parse("64:ff9b::/96"), LocalNat64 = IPNetwork.Parse("64:ff9b:1::/48"),
        SixToFour = IPNetwork.Parse("2002::/16"), Compatible = IPNetwork.Parse("::/96");

    /// <summary>An IPv4 address in IPv6 notation as what it is.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>Nobody may ever reach it: no entry of the operator's list opens it.</summary>
    public static bool IsForbidden(IPAddress address) =>
        Metadata.Any(range => range.Contains(address)) || (Embedded(address) is { } inner && IsForbidden(inner));

    /// <summary>It belongs to everybody's Internet and not to somebody's network.</summary>
    public static bool IsPublic(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? !NotPublic.Any(range => range.Contains(address))
        : Nat64.Contains(address) ? IsPublic(Embedded(address)!) : PublicV6.Contains(address) && !NotPublic.Any(range => range.Contains(address));

    // Forms of IPv6 that a router on the way turns into an IPv4 address.
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        return Nat64.Contains(address) || LocalNat64.Contains(address) || Compatible.Contains(address) ? new IPAddress(bytes.AsSpan(12, 4))
            : SixToFour.Contains(address) ? new IPAddress(bytes.AsSpan(2, 4)) : null;
    }

    private static IPNetwork[] Parse(params string[] ranges) => [.. ranges.Select(range => IPNetwork.Parse(range))];
}
