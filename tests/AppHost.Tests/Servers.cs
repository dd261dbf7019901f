using McpPlatform.LocalHosting;
using McpPlatform.LocalHosting.Testing;
using Npgsql;
using RabbitMQ.Client;
using StackExchange.Redis;

namespace McpPlatform.AppHost.Tests;

/// <summary>What each of the servers answered to a client with the application's connection string.</summary>
public sealed record Answers(string Database, string Redis, string BrokerUser);

internal static class Servers
{
    /// <summary>The three servers with throw-away data; or with data that is kept in the folder.</summary>
    public static async Task<DistributedApplication> StartAsync(string? dataPath = null)
    {
        var builder = dataPath is null
            ? DistributedApplicationTestingBuilder.Create()
            : new DistributedApplicationBuilder([], new LocalOptions { Dashboard = false, Console = false, DataPath = dataPath }, appHost: null);
        builder.AddPostgres("postgres").WithDataVolume().AddDatabase("ordersdb", "orders");
        builder.AddRedis("redis").WithDataVolume();
        builder.AddRabbitMQ("rabbitmq").WithDataVolume();
        var app = builder.Build();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    public static async Task<Answers> AskAllAsync(DistributedApplication app)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var database = (string)(await QueryAsync(app, "SELECT current_database()"))!;

        await using var redis = await ConnectionMultiplexer.ConnectAsync((await app.GetConnectionStringAsync("redis", cancellationToken))!);
        var pong = (string)(await redis.GetDatabase().ExecuteAsync("PING"))!;

        await using var broker = await ConnectToBrokerAsync(app);
        return new Answers(database, pong, ((string)broker.ClientProvidedName!));
    }

    public static async Task<object?> QueryAsync(DistributedApplication app, string sql)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var connection = new NpgsqlConnection(await app.GetConnectionStringAsync("ordersdb", cancellationToken) + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    public static async Task<IConnection> ConnectToBrokerAsync(DistributedApplication app)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var address = new Uri((await app.GetConnectionStringAsync("rabbitmq", cancellationToken))!);
        return await new ConnectionFactory { Uri = address, ClientProvidedName = address.UserInfo.Split(':')[0] }.CreateConnectionAsync(cancellationToken);
    }
}
