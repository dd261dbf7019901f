using McpPlatform.LocalHosting;
using McpPlatform.LocalHosting.Testing;
using Npgsql;
using RabbitMQ.Client;
using StackExchange.Redis;

namespace McpPlatform.AppHost.Tests;

public sealed class ServerTests
{
    [Fact]
    public async Task Servers_start_and_answer_with_their_generated_passwords()
    {
        await using var app = await Servers.StartAsync();

        var ct = TestContext.Current.CancellationToken;
        var answers = await Servers.AskAllAsync(app, ct);

        Assert.Equal(new Answers("orders", "PONG", "guest"), answers);
    }
}

public sealed record Answers(string Database, string Redis, string BrokerUser);

internal static class Servers
{
    public static async Task<DistributedApplication> StartAsync()
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddPostgres("postgres").AddDatabase("ordersdb", "orders");
        builder.AddRedis("redis");
        builder.AddRabbitMQ("rabbitmq");
        var app = builder.Build();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    public static async Task<Answers> AskAllAsync(DistributedApplication app, CancellationToken cancellationToken)
    {
        await using var database = new NpgsqlConnection(await app.GetConnectionStringAsync("ordersdb", cancellationToken) + ";Pooling=false");
        await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT current_database()", database);
        var name = (string)(await command.ExecuteScalarAsync(cancellationToken))!;

        await using var redis = await ConnectionMultiplexer.ConnectAsync((await app.GetConnectionStringAsync("redis", cancellationToken))!);
        var pong = (string)(await redis.GetDatabase().ExecuteAsync("PING"))!;

        var address = new Uri((await app.GetConnectionStringAsync("rabbitmq", cancellationToken))!);
        await using var broker = await new ConnectionFactory { Uri = address }.CreateConnectionAsync(cancellationToken);
        return new Answers(name, pong, address.UserInfo.Split(':')[0]);
    }
}
