using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Upstream.Stdio;
using McpPlatform.ServiceDefaults.Outbound;
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
            // Nothing is repeated or cut by a policy either: tools have effects.
            .UseOutboundGuard()
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers();
        services.AddOptions<StdioOptions>().BindConfiguration(StdioOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StdioOptions>, StdioOptionsValidator>());
        services.AddSingleton<StdioProcesses>();
        services.AddSingleton<UpstreamHttp>();
        services.AddSingleton<UpstreamConnector>();
        services.AddSingleton<UpstreamBreakers>();
        services.AddSingleton<UpstreamSessions>();
        services.AddSingleton<IRegistryObserver>(provider => provider.GetRequiredService<UpstreamSessions>());
    }
}
