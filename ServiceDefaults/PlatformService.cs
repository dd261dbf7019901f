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
using Microsoft.Extensions.Logging;
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

    /// <summary>
    /// The same for a service with a database; <c>migrate</c> as the first argument brings the database up to date and ends, <c>admin</c> carries out what
    /// <paramref name="administer"/> knows and ends.
    /// </summary>
    /// <typeparam name="TContext">The service's database.</typeparam>
    /// <param name="args">The command line.</param>
    /// <param name="add">Adds the service's own parts.</param>
    /// <param name="map">Maps its endpoints.</param>
    /// <param name="administer">Carries out a command of the console, given the arguments after <c>admin</c>, and returns the exit code.</param>
    /// <returns>The exit code: 0, or 1 when the configuration is wrong (said in one sentence on standard error).</returns>
    public static Task<int> RunAsync<TContext>(
        string[] args, Action<WebApplicationBuilder> add, Action<WebApplication> map, Func<IServiceProvider, string[], Task<int>>? administer = null)
        where TContext : DbContext =>
        // Nothing is mapped to migrate or to administer: endpoints need the broker, the cache and the keys, which these have no use for.
        args switch
        {
            ["migrate", ..] => StartAsync(args, add, async app =>
            {
                await app.MigrateAsync<TContext>();
                return 0;
            }),
            ["admin", .. var command] when administer is not null => StartAsync(
                [.. command.Where(IsSetting)],
                builder =>
                {
                    // Standard output is the command's.
                    builder.Logging.ClearProviders();
                    add(builder);
                },
                app => administer(app.Services, [.. command.Where(argument => !IsSetting(argument))])),
            _ => StartAsync(args, add, app => ServeAsync(app, service =>
            {
                // Reached from inside the network alone: the Gateway leads nobody here, and keeps its own for who may read figures.
                service.MapPlatformMetrics().AllowAnonymous();
                map(service);
            })),
        };

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

    // --ConnectionStrings:authdb=… or --LOG_LEVEL=…: a setting; the options of a command have neither sign in their names.
    private static bool IsSetting(string argument) =>
        argument.StartsWith("--", StringComparison.Ordinal) && argument.Split('=')[0].AsSpan().IndexOfAny(':', '_') > 0;

    private static async Task<int> ServeAsync(WebApplication app, Action<WebApplication> map)
    {
        app.UsePlatformHttp();
        app.MapPlatformHealth();
        map(app);
        await app.RunAsync();
        return 0;
    }

    private static async Task<int> StartAsync(
        string[] args, Action<WebApplicationBuilder> add, Func<WebApplication, Task<int>> run)
    {
        // Numbers and dates look the same whatever the machine's language.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            var builder = WebApplication.CreateBuilder(args);
            builder.AddServiceDefaults();
            add(builder);
            await using var app = builder.Build();
            return await run(app);
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
