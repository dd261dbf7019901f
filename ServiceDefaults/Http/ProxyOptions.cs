using System.Net;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Http;

/// <summary>Whose word on a client's address (<c>X-Forwarded-For</c>) is taken.</summary>
internal sealed class ProxyOptions
{
    public const string Section = "ForwardedHeaders";

    /// <summary>A comma list of addresses and networks. Empty: loopback, and inside a deployment the private networks; the Gateway then believes nobody.</summary>
    public string? KnownProxies { get; set; }

    private IEnumerable<string> Entries => (KnownProxies ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The same as networks; null for what is none.</summary>
    public IEnumerable<IPNetwork?> Networks => Entries.Select(entry =>
        IPAddress.TryParse(entry, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : IPNetwork.TryParse(entry, out var network) && network.PrefixLength > 0 ? network
        : (IPNetwork?)null);
}

internal sealed class ProxyOptionsValidator : IValidateOptions<ProxyOptions>
{
    public ValidateOptionsResult Validate(string? name, ProxyOptions options) => options.Networks.All(network => network is not null)
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail(
            $"ForwardedHeaders__KnownProxies is '{options.KnownProxies}', but must be a comma list of addresses and networks, such as 10.0.0.5,10.1.0.0/16, and not everybody (/0).");
}
