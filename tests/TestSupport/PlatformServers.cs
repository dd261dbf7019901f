using McpPlatform.LocalHosting;
using McpPlatform.LocalHosting.Testing;
using Npgsql;
using Xunit;

namespace McpPlatform.TestSupport;

/// <summary>
/// Real PostgreSQL, Redis and RabbitMQ for the tests of one assembly (use it as an assembly fixture). Each is taken from <c>TEST_POSTGRES</c>, <c>TEST_REDIS</c>,
/// <c>TEST_RABBITMQ</c> where that is set, and started on a free port where not; when neither works the tests fail.
/// </summary>
public sealed class PlatformServers : IAsyncLifetime
{
    private DistributedApplication? servers;

    /// <summary>The connection string of the server's maintenance database.</summary>
    public string Postgres { get; private set; } = string.Empty;

    /// <summary>The connection string for StackExchange.Redis.</summary>
    public string Redis { get; private set; } = string.Empty;

    /// <summary>The broker's amqp URL.</summary>
    public string RabbitMq { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Postgres = Environment.GetEnvironmentVariable("TEST_POSTGRES") ?? string.Empty;
        Redis = Environment.GetEnvironmentVariable("TEST_REDIS") ?? string.Empty;
        RabbitMq = Environment.GetEnvironmentVariable("TEST_RABBITMQ") ?? string.Empty;
        var builder = DistributedApplicationTestingBuilder.Create();
        if (Postgres.Length == 0)
        {
            builder.AddPostgres("postgres");
        }

        if (Redis.Length == 0)
        {
            builder.AddRedis("redis");
        }

        if (RabbitMq.Length == 0)
        {
            builder.AddRabbitMQ("rabbitmq");
        }

        if (builder.Resources.Count > 0)
        {
            await StartAsync(builder);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (servers is not null)
        {
            await servers.DisposeAsync();
        }
    }

    /// <summary>Creates an empty database.</summary>
    /// <param name="name">A prefix that tells whose it is.</param>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        var database = $"{name}_{Guid.CreateVersion7():N}";
        await using var connection = new NpgsqlConnection(Postgres);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE \"{database}\"", connection);
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(Postgres) { Database = database, MaxPoolSize = 30 }.ConnectionString;
    }

    private async Task StartAsync(IDistributedApplicationBuilder builder)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        servers = builder.Build();
        await servers.StartAsync(timeout.Token);
        Postgres = await ConnectionStringAsync("postgres", Postgres, timeout.Token);
        Redis = await ConnectionStringAsync("redis", Redis, timeout.Token);
        RabbitMq = await ConnectionStringAsync("rabbitmq", RabbitMq, timeout.Token);
    }

    private async Task<string> ConnectionStringAsync(string resource, string given, CancellationToken cancellationToken) =>
        given.Length > 0 ? given : await servers!.GetConnectionStringAsync(resource, cancellationToken)
            ?? throw new InvalidOperationException($"{resource} has no connection string.");
}
