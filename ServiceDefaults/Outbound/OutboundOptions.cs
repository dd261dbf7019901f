using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Outbound;

/// <summary>Which private addresses may be reached; public ones may be anyway.</summary>
public sealed class OutboundOptions
{
    /// <summary>The variable that operators set: a comma list of <c>host:port</c>, <c>host:*</c>, <c>CIDR:port</c>, <c>CIDR:*</c>; IPv6 in brackets.</summary>
    public const string Key = "OUTBOUND_ALLOW";

    /// <summary>The entries. A service adds those that the operator configured in another way.</summary>
    public IList<string> Allow { get; } = [];
}

internal sealed class OutboundOptionsSetup(IConfiguration configuration) : IConfigureOptions<OutboundOptions>
{
    public void Configure(OutboundOptions options)
    {
        foreach (var entry in (configuration[OutboundOptions.Key] ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            options.Allow.Add(entry);
        }
    }
}

internal sealed class OutboundOptionsValidator : IValidateOptions<OutboundOptions>
{
    public ValidateOptionsResult Validate(string? name, OutboundOptions options)
    {
        var failures = options.Allow.Where(entry => !OutboundRule.TryParse(entry, out _)).Select(entry =>
            $"{OutboundOptions.Key} contains '{entry}', but must be a comma list of host:port or CIDR:port, such as db.internal:5432, 10.1.0.0/16:*, [fd00::/8]:3306.").ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}

/// <summary>One entry of the list: a name as it is written in the connection, or a range of addresses; and a port, or any.</summary>
internal sealed record OutboundRule(string? Host, IPNetwork? Range, int? Port)
{
    public static bool TryParse(string entry, [NotNullWhen(true)] out OutboundRule? rule)
    {
        rule = null;
        var colon = entry.LastIndexOf(':');
        int? port = int.TryParse(entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        if (colon <= 0 || (port is null ? entry[(colon + 1)..] != "*" : port is < 1 or > 65535))
        {
            return false;
        }

        var bracketed = entry[0] == '[' && entry[colon - 1] == ']';
        var host = bracketed ? entry[1..(colon - 1)] : entry[..colon];
        if (IPAddress.TryParse(host, out var address))
        {
            rule = new(null, new IPNetwork(address, address.GetAddressBytes().Length * 8), port);
        }
        else if (IPNetwork.TryParse(host, out var range))
        {
            rule = new(null, range, port);
        }
        else if (!bracketed && Uri.CheckHostName(host) == UriHostNameType.Dns)
        {
            rule = new(OutboundGuard.Canonical(host), null, port);
        }

        return rule is not null;
    }

    public bool Allows(string host, IPAddress address, int port) =>
        (Port is null || Port == port) && (Range?.Contains(address) ?? Host == host);
}
