using Yarp.ReverseProxy.Configuration;

namespace McpPlatform.Gateway.Routing;

internal static class RouteConfigExtensions
{
    /// <summary>The service that a route leads to. A cluster is called like its service, with a word behind it where a service has a second one for its streams.</summary>
    public static string? ServiceName(this RouteConfig route) => route.ClusterId?.Split('-')[0];
}
