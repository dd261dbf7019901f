using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace McpPlatform.ServiceDefaults;

/// <summary>Which service this process is, and which of its replicas: the same names in telemetry, events and queues.</summary>
public sealed class ServiceIdentity
{
    /// <summary>Reads the names that the host gave this process.</summary>
    /// <param name="environment">The application's name is the service's.</param>
    /// <param name="configuration">May name the instance, as OpenTelemetry's resource attributes do.</param>
    public ServiceIdentity(IHostEnvironment environment, IConfiguration configuration)
    {
        Name = environment.ApplicationName.ToLowerInvariant();
        const string attribute = "service.instance.id=";
        var named = configuration["OTEL_RESOURCE_ATTRIBUTES"]?.Split(',')
            .FirstOrDefault(x => x.StartsWith(attribute, StringComparison.Ordinal))?[attribute.Length..];
        Instance = named ?? $"{Environment.MachineName}-{Environment.ProcessId}";
    }

    /// <summary>The service, such as <c>authservice</c>.</summary>
    public string Name { get; }

    /// <summary>The replica: unique among the processes that run at one time.</summary>
    public string Instance { get; }
}
