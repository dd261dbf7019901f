using McpPlatform.Gateway.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace McpPlatform.Gateway.Health;

/// <summary>The Gateway's <c>/health</c> is the platform's: its own Redis and broker, and every service.</summary>
internal static class HealthSetup
{
    public static void AddServiceHealth(this WebApplicationBuilder builder)
    {
        foreach (var service in PlatformServices.Names)
        {
            builder.Services.AddKeyedSingleton<ServiceHealthCheck>(service);
            builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                service, provider => provider.GetRequiredKeyedService<ServiceHealthCheck>(service), HealthStatus.Degraded, tags: null));
        }
    }
}
