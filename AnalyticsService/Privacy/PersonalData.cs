using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace McpPlatform.AnalyticsService.Privacy;

/// <summary>Makes of addresses and user agents what the operator wants to be stored (<see cref="PrivacyOptions"/>).</summary>
internal sealed class PersonalData(IOptions<PrivacyOptions> options)
{
    private const int KeptOfV4 = 3, KeptOfV6 = 6;

    // In this order: whoever is built on another calls itself by that one's name, too.
    private static readonly (string Token, string Family)[] Browsers =
        [("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari")];

    /// <summary>Whether everything is stored as it comes.</summary>
    public bool IsFull => options.Value is { IpAddresses: PrivacyOptions.Full, UserAgents: PrivacyOptions.Full };

    public string? Address(string? address) => options.Value.IpAddresses switch
    {
        PrivacyOptions.Full => address,
        PrivacyOptions.Truncated => Network(address),
        _ => null,
    };

    public string? UserAgent(string? agent) => options.Value.UserAgents switch
    {
        PrivacyOptions.Full => agent,
        PrivacyOptions.Family => Family(agent),
        _ => null,
    };

    // What is no address is not known to be none of somebody's.
    private static string? Network(string? text)
    {
        if (!IPAddress.TryParse(text, out var address))
        {
            return null;
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var bytes = plain.GetAddressBytes();
        bytes.AsSpan(plain.AddressFamily == AddressFamily.InterNetwork ? KeptOfV4 : KeptOfV6).Clear();
        return new IPAddress(bytes).ToString();
    }

    // The first product (RFC 9110, section 10.1.5), except of browsers, which all begin with Mozilla.
    private static string? Family(string? agent)
    {
        if (string.IsNullOrWhiteSpace(agent))
        {
            return null;
        }

        var product = agent.TrimStart().Split('/', ' ')[0];
        return product != "Mozilla" ? product : Browsers.FirstOrDefault(browser => agent.Contains(browser.Token, StringComparison.Ordinal)).Family ?? product;
    }
}
