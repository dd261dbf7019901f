using System.Collections.Concurrent;
using McpPlatform.Contracts.Messages;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace McpPlatform.EndToEnd.Tests.Secrets;

/// <summary>Hears every message of the platform, as the bytes that they are.</summary>
internal sealed class BrokerTap : IAsyncDisposable
{
    private readonly ConcurrentQueue<byte[]> bodies = new();
    private readonly IConnection connection;

    private BrokerTap(IConnection connection) => this.connection = connection;

    public IReadOnlyList<byte[]> Bodies => [.. bodies];

    public static async Task<BrokerTap> StartAsync(string broker)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(broker) }.CreateConnectionAsync();
        var tap = new BrokerTap(connection);
        var channel = await connection.CreateChannelAsync();
        var queue = await channel.QueueDeclareAsync();
        foreach (var message in typeof(IFact).Assembly.GetExportedTypes().Where(type => type is { IsClass: true, IsAbstract: false } && type.Namespace == typeof(IFact).Namespace))
        {
            // As MassTransit declares it.
            var exchange = $"{message.Namespace}:{message.Name}";
            await channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true);
            await channel.QueueBindAsync(queue.QueueName, exchange, string.Empty);
        }

        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            tap.bodies.Enqueue(delivery.Body.ToArray());
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer);
        return tap;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
