using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Upstream;

internal static class UpstreamSetup
{
    /// <summary>The way to MCP servers: their HTTP client, their sessions, their limits.</summary>
    public static void AddUpstreams(this IServiceCollection services)
    {
        services.AddOptions<UpstreamOptions>().BindConfiguration(UpstreamOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<UpstreamOptions>, UpstreamOptionsValidator>());
        services.AddHttpClient(UpstreamHttp.ClientName)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                ConnectTimeout = TimeSpan.FromSeconds(5),
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),

                // A redirect would carry the call to an address that nobody registered.
                AllowAutoRedirect = false,
                UseCookies = false,
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers()

            // No retries, no circuit breaker, no timeout that would repeat or cut a tool call; and no names of the platform's own services.
            .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Clear());
        services.AddSingleton<UpstreamHttp>();
        services.AddSingleton<UpstreamConnector>();
        services.AddSingleton<UpstreamSessions>();
    }
}
