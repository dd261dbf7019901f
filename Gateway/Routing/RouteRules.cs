using Yarp.ReverseProxy.Configuration;

namespace McpPlatform.Gateway.Routing;

/// <summary>
/// What the Gateway demands of a route in the configuration: that it says who may use it, and why nobody needs to be logged in where that is so. A route
/// that says nothing would be protected by the fallback policy; that it must be written out makes an open route a decision and not an omission.
/// </summary>
internal sealed class RouteRules : IProxyConfigFilter
{
    /// <summary>The route's metadata with the reason why it needs no token.</summary>
    public const string AnonymousBecause = nameof(AnonymousBecause);

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel) => new(cluster);

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) =>
        Fault(route) is { } fault ? throw new InvalidOperationException(fault) : new(route);

    public static bool IsAnonymous(RouteConfig route) => string.Equals(route.AuthorizationPolicy, "anonymous", StringComparison.OrdinalIgnoreCase);

    private static string? Fault(RouteConfig route)
    {
        if (string.IsNullOrEmpty(route.AuthorizationPolicy))
        {
            return $"The route '{route.RouteId}' does not say who may use it: set its AuthorizationPolicy to 'default' (a valid token) or 'anonymous'.";
        }

        if (IsAnonymous(route) && string.IsNullOrWhiteSpace(route.Metadata?.GetValueOrDefault(AnonymousBecause)))
        {
            return $"The route '{route.RouteId}' is anonymous without a reason: give it in the route's Metadata as '{AnonymousBecause}'.";
        }

        return route.Match.Path?.StartsWith("/internal", StringComparison.OrdinalIgnoreCase) == true
            ? $"The route '{route.RouteId}' leads to /internal, which the services keep among themselves."
            : null;
    }
}
