using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace McpPlatform.ServiceDefaults.Telemetry;

/// <summary>Traces, metrics and logs.</summary>
public static class TelemetryExtensions
{
    /// <summary>
    /// JSON lines on standard output, secrets masked; and, where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, traces, metrics and logs over OTLP.
    /// A service adds its own sources and meters by name: everything called <c>McpPlatform.*</c> is exported.
    /// </summary>
    /// <param name="builder">The service.</param>
    public static void AddPlatformTelemetry(this WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(options => options.FormatterName = RedactedJsonFormatter.FormatterName);
        builder.Logging.AddConsoleFormatter<RedactedJsonFormatter, Microsoft.Extensions.Logging.Console.ConsoleFormatterOptions>();
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
            logging.AddProcessor(new RedactingLogProcessor());
        });

        // One line per request and per query is what a trace is for; as log lines they cost a quarter of the throughput.
        foreach (var category in (string[])["Microsoft.AspNetCore", "Microsoft.EntityFrameworkCore", "Yarp", "System.Net.Http.HttpClient", "MassTransit", "Polly", "OpenIddict", "Npgsql", "StackExchange.Redis"])
        {
            builder.Logging.AddFilter(category, LogLevel.Warning);
        }

        // A command that fails throws as well; some fail by design, such as the look for the migration history of an empty database.
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.Critical);

        // What is unhealthy is seen at /health, each time when somebody looks; as a log line it would be said every two seconds.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical);

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName.ToLowerInvariant(), autoGenerateServiceInstanceId: false)
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter("McpPlatform.*", "MassTransit", "Npgsql", "Yarp.ReverseProxy")
                .AddPrometheusExporter())
            .WithTracing(tracing => tracing
                .AddAspNetCoreInstrumentation(options =>
                    options.Filter = context => context.Request.Path.Value is not ("/health" or "/alive" or "/metrics"))
                .AddHttpClientInstrumentation()
                .AddSource("McpPlatform.*", "MassTransit", "Npgsql", "Yarp.ReverseProxy", "Experimental.ModelContextProtocol")
                .SetSampler(new ParentBasedSampler(new OrphanClientSampler())));

        if (!string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            builder.Services.AddOpenTelemetry().UseOtlpExporter();
        }
    }

    /// <summary><c>/metrics</c>: the same metrics as Prometheus reads them (text format 0.0.4, or OpenMetrics). Whoever maps it says who may read it.</summary>
    /// <param name="app">The service.</param>
    /// <returns>The endpoint.</returns>
    public static IEndpointConventionBuilder MapPlatformMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint("/metrics").WithName("Metrics");
}
