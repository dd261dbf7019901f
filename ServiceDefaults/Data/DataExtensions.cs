using McpPlatform.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace McpPlatform.ServiceDefaults.Data;

/// <summary>PostgreSQL and Redis, each with its connection from the configuration, a health check and telemetry.</summary>
public static partial class DataExtensions
{
    /// <summary>
    /// A PostgreSQL database through EF Core, snake_case, and its <see cref="NpgsqlDataSource"/> for what EF Core is not made for.
    /// The connection is <c>DATABASE_URL</c> (a postgres URL or an Npgsql string) or else <c>ConnectionStrings:{connectionName}</c>; it is read when
    /// it is first needed.
    /// </summary>
    /// <typeparam name="TContext">The context; the name of its schema is that of its model.</typeparam>
    /// <param name="builder">The service.</param>
    /// <param name="connectionName">Such as <c>authdb</c>.</param>
    /// <param name="schema">The schema of the service's tables, so that all services may share one database.</param>
    public static void AddNpgsqlDbContext<TContext>(this WebApplicationBuilder builder, string connectionName, string schema)
        where TContext : DbContext
    {
        var configuration = builder.Configuration;
        builder.Services.TryAddSingleton(provider =>
        {
            var source = new NpgsqlDataSourceBuilder(DatabaseUrl.Resolve(configuration, connectionName));
            source.UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>());
            return source.Build();
        });
        builder.Services.AddDbContext<TContext>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>(), npgsql => npgsql.MigrationsHistoryTable(HistoryRepository.DefaultTableName.ToLowerInvariant(), schema))
            .UseSnakeCaseNamingConvention()
            .AddInterceptors(provider.GetServices<Microsoft.EntityFrameworkCore.Diagnostics.IInterceptor>()));
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("postgres", timeout: TimeSpan.FromSeconds(5));
    }

    /// <summary>
    /// A Redis connection (<see cref="IConnectionMultiplexer"/>) that is made when first needed, survives outages, and gives up an operation after one second.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="connectionName">The connection is <c>ConnectionStrings:{connectionName}</c>.</param>
    public static void AddRedisClient(this WebApplicationBuilder builder, string connectionName)
    {
        var configuration = builder.Configuration;
        builder.Services.TryAddSingleton<IConnectionMultiplexer>(provider =>
        {
            var options = ConfigurationOptions.Parse(DatabaseUrl.Required(configuration, connectionName));
            options.AbortOnConnectFail = false;
            options.AsyncTimeout = options.SyncTimeout = 1000;
            options.BacklogPolicy = BacklogPolicy.FailFast;
            options.ClientName = provider.GetRequiredService<ServiceIdentity>().Name;
            options.LoggerFactory = provider.GetRequiredService<ILoggerFactory>();
            return ConnectionMultiplexer.Connect(options);
        });
        builder.Services.AddSingleton<RedisMetrics>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<RedisMetrics>());
        builder.Services.AddHealthChecks().AddCheck<RedisHealthCheck>("redis", timeout: TimeSpan.FromSeconds(5));
    }

    /// <summary>The tables that facts pass through: <c>outbox</c> for what the service publishes, <c>inbox</c> for what it has applied.</summary>
    /// <param name="model">The service's model.</param>
    public static void AddOutboxAndInbox(this ModelBuilder model)
    {
        model.ApplyConfiguration(new Messaging.OutboxMessageConfiguration());
        model.ApplyConfiguration(new Messaging.InboxMessageConfiguration());
    }

    /// <summary>Brings the database up to date; replicas that do so at once wait for each other.</summary>
    internal static async Task MigrateAsync<TContext>(this WebApplication app)
        where TContext : DbContext
    {
        await using var scope = app.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TContext>().Database;
        var pending = (await database.GetPendingMigrationsAsync()).ToList();
        await database.MigrateAsync();
        LogMigrated(app.Logger, pending.Count, string.Join(", ", pending));
    }

    [LoggerMessage(10, LogLevel.Information, "Applied {Count} migrations: {Migrations}")]
    private static partial void LogMigrated(ILogger logger, int count, string migrations);
}
