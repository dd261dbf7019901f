using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.ServiceDiscovery;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace McpPlatform.Gateway.Routing;

/// <summary>
/// Turns <c>http://authservice</c> into the addresses that service discovery knows for that name, one destination each, and again whenever they change.
/// </summary>
internal sealed class DiscoveredDestinations(ServiceEndpointResolver resolver) : IDestinationResolver
{
    public async ValueTask<ResolvedDestinationCollection> ResolveDestinationsAsync(
        IReadOnlyDictionary<string, DestinationConfig> destinations, CancellationToken cancellationToken)
    {
        var resolved = new Dictionary<string, DestinationConfig>(StringComparer.OrdinalIgnoreCase);
        List<IChangeToken> changes = [];
        foreach (var (name, destination) in destinations)
        {
            var address = new Uri(destination.Address);
            var source = await resolver.GetEndpointsAsync(address.GetLeftPart(UriPartial.Authority), cancellationToken);
            changes.Add(source.ChangeToken);
            foreach (var endpoint in source.Endpoints.Select(endpoint => endpoint.ToString()!))
            {
                resolved[$"{name}[{endpoint}]"] = destination with { Address = Resolve(address, endpoint) };
            }
        }

        return new(resolved, new CompositeChangeToken(changes));
    }

    // An endpoint is a whole address, or host and port alone.
    private static string Resolve(Uri address, string endpoint)
    {
        var found = new Uri(endpoint.Contains("://", StringComparison.Ordinal) ? endpoint : $"{address.Scheme}://{endpoint}");
        return new UriBuilder(address) { Scheme = found.Scheme, Host = found.Host, Port = found.Port }.Uri.AbsoluteUri;
    }
}
