using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.ServiceDiscovery;

namespace McpPlatform.Gateway.Routing;

/// <summary>YARP, with its routes from the configuration's <c>ReverseProxy</c> section.</summary>
internal static class Forwarding
{
    public static void AddForwarding(this WebApplicationBuilder builder)
    {
        builder.Services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddConfigFilter<RouteRules>()
            .ConfigureHttpClient((_, handler) => handler.ConnectTimeout = TimeSpan.FromSeconds(5));
        builder.Services.AddSingleton<IDestinationResolver, DiscoveredDestinations>();
        builder.Services.AddSingleton<RouteTable>();
    }

    public static void MapForwarding(this WebApplication app) =>
        app.MapReverseProxy(proxy =>
        {
            proxy.UseMiddleware<ForwardedMethods>();
            proxy.UseMiddleware<ForwardingProblems>();
            proxy.UseMiddleware<BodyLimits>();
            proxy.UseLoadBalancing();
        });
}
