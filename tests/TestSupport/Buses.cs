using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.TestSupport;

public static class Buses
{
    /// <summary>
    /// Waits until the service's bus has started, before the service is stopped. A bus that is stopped while it connects goes on connecting, and takes the messages
    /// of the test after it; outside of tests the process ends with it.
    /// </summary>
    public static async Task BusHasStartedAsync(this IServiceProvider services, PlatformServers servers)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(servers);
        if (services.GetRequiredService<IConfiguration>().GetConnectionString("rabbitmq") == servers.RabbitMq)
        {
            await services.GetRequiredService<IBusControl>().WaitForHealthStatus(BusHealthStatus.Healthy, TimeSpan.FromSeconds(10));
        }
    }
}
