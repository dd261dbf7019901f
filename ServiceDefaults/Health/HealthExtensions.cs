using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace McpPlatform.ServiceDefaults.Health;

/// <summary>Liveness and readiness.</summary>
public static class HealthExtensions
{
    private const string Live = "live";

    /// <summary>Adds the process's own check; data, cache and broker add theirs where they are registered.</summary>
    /// <param name="builder">The service.</param>
    public static void AddPlatformHealth(this WebApplicationBuilder builder) =>
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [Live]);

    /// <summary>
    /// <c>/alive</c>: the process answers; it looks at nothing else, or a database outage would restart every service.
    /// <c>/health</c>: what the service needs is there; 503 when not. Neither tells a stranger more than names and states.
    /// </summary>
    /// <param name="app">The service.</param>
    public static void MapPlatformHealth(this WebApplication app)
    {
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Live) })
            .AllowAnonymous().WithName("Alive");
        app.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = WriteAsync })
            .AllowAnonymous().WithName("Health");
    }

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        return JsonSerializer.SerializeAsync(context.Response.Body, new
        {
            status = report.Status.ToString().ToLowerInvariant(),
            checks = report.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Status.ToString().ToLowerInvariant(), StringComparer.Ordinal),
        }, cancellationToken: context.RequestAborted);
    }
}
