using Npgsql;
using Xunit;

namespace McpPlatform.TestSupport;

/// <summary>
/// Real PostgreSQL, Redis and RabbitMQ for the tests of one assembly (use it as an assembly fixture). Each is taken from <c>TEST_POSTGRES</c>, <c>TEST_REDIS</c>,
/// <c>TEST_RABBITMQ</c> where that is set, and started on a free port where not; when neither works the tests fail.
/// </summary>
public sealed class PlatformServers : IAsyncLifetime
{
    /// <summary>The connection string of the server's maintenance database.</summary>
    public string Postgres { get; private set; } = string.Empty;

    /// <summary>The connection string for StackExchange.Redis.</summary>
    public string Redis { get; private set; } = string.Empty;

    /// <summary>The broker's amqp URL.</summary>
    public string RabbitMq { get; private set; } = string.Empty;

    /// <inheritdoc/>
    public ValueTask InitializeAsync()
    {
        Postgres = FromEnvironment("TEST_POSTGRES");
        Redis = FromEnvironment("TEST_REDIS");
        RabbitMq = FromEnvironment("TEST_RABBITMQ");
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

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

    private static string FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set.");
}
