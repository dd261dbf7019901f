using System.Globalization;
using McpPlatform.ServiceDefaults.Configuration;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.ServiceDefaults.Health;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults;

/// <summary>How every service of the platform starts: the same defaults, the same commands, the same way to fail.</summary>
public static class PlatformService
{
    /// <summary>Builds and runs a service without a database until it is told to stop.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="add">Adds the service's own parts.</param>
    /// <param name="map">Maps its endpoints.</param>
    /// <returns>The exit code: 0, or 1 when the configuration is wrong (said in one sentence on standard error).</returns>
    public static Task<int> RunAsync(string[] args, Action<WebApplicationBuilder> add, Action<WebApplication> map) =>
        StartAsync(args, add, app => ServeAsync(app, map));

    /// <summary>The same for a service with a database; <c>migrate</c> as the first argument brings the database up to date and ends.</summary>
    /// <typeparam name="TContext">The service's database.</typeparam>
    /// <inheritdoc cref="RunAsync(string[], Action{WebApplicationBuilder}, Action{WebApplication})"/>
    public static Task<int> RunAsync<TContext>(string[] args, Action<WebApplicationBuilder> add, Action<WebApplication> map)
        where TContext : DbContext =>
        // Nothing is mapped to migrate: endpoints need the broker, the cache and the keys, which a migration has no use for.
        StartAsync(args, add, app => args is ["migrate", ..] ? app.MigrateAsync<TContext>() : ServeAsync(app, map));

    /// <summary>
    /// What every service has: configuration sources, telemetry, health, service discovery, resilience, JSON and problem details.
    /// Called by <see cref="RunAsync(string[], Action{WebApplicationBuilder}, Action{WebApplication})"/>.
    /// </summary>
    /// <param name="builder">The service.</param>
    public static void AddServiceDefaults(this WebApplicationBuilder builder)
    {
        builder.AddPlatformConfiguration();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<ServiceIdentity>();
        builder.AddPlatformTelemetry();
        builder.AddPlatformHealth();
        builder.AddPlatformHttp();
        builder.AddPlatformProblems();
    }

    private static Task ServeAsync(WebApplication app, Action<WebApplication> map)
    {
        app.UsePlatformHttp();
        app.MapPlatformHealth();
        map(app);
        return app.RunAsync();
    }

    private static async Task<int> StartAsync(
        string[] args, Action<WebApplicationBuilder> add, Func<WebApplication, Task> run)
    {
        // Numbers and dates look the same whatever the machine's language.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            var builder = WebApplication.CreateBuilder(args);
            builder.AddServiceDefaults();
            add(builder);
            await using var app = builder.Build();
            await run(app);
            return 0;
        }
        catch (InvalidConfigurationException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
        catch (OptionsValidationException exception)
        {
            await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, exception.Failures));
            return 1;
        }
        catch (AggregateException exception) when (exception.InnerExceptions.All(inner => inner is OptionsValidationException))
        {
            // More than one kind of options is wrong.
            var failures = exception.InnerExceptions.Cast<OptionsValidationException>().SelectMany(inner => inner.Failures);
            await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, failures));
            return 1;
        }
    }
}
