using System.Collections.Concurrent;
using MassTransit;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.TestSupport;

/// <summary>Listens on the broker with a queue of its own, as another service would, and keeps what it hears.</summary>
/// <typeparam name="TMessage">The message.</typeparam>
public sealed class EventProbe<TMessage> : IAsyncDisposable
    where TMessage : class
{
    private readonly ConcurrentQueue<TMessage> received = new();
    private readonly IBusControl bus;

    private EventProbe(string rabbitMq)
    {
        var address = new Uri(rabbitMq);
        var user = address.UserInfo.Split(':', 2);
        bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(address.Host, (ushort)address.Port, address.AbsolutePath is "" or "/" ? "/" : address.AbsolutePath[1..], host =>
            {
                host.Username(Uri.UnescapeDataString(user[0]));
                host.Password(Uri.UnescapeDataString(user[1]));
            });
            rabbit.ReceiveEndpoint(new TemporaryEndpointDefinition(), endpoint =>
            {
                // So that what is heard is in the order of the queue.
                endpoint.ConcurrentMessageLimit = 1;
                endpoint.Handler<TMessage>(context =>
                {
                    received.Enqueue(context.Message);
                    return Task.CompletedTask;
                });

                // Activities that come together travel together.
                if (received is ConcurrentQueue<ActivityRecorded> activities)
                {
                    endpoint.Handler<ActivitiesRecorded>(context =>
                    {
                        context.Message.Activities.ToList().ForEach(activities.Enqueue);
                        return Task.CompletedTask;
                    });
                }
            });
        });
    }

    /// <summary>Starts to listen; what is published after this is heard.</summary>
    /// <param name="rabbitMq">The broker.</param>
    public static async Task<EventProbe<TMessage>> StartAsync(string rabbitMq)
    {
        var probe = new EventProbe<TMessage>(rabbitMq);
        await probe.bus.StartAsync();
        return probe;
    }

    /// <summary>Waits until a message that fits was heard.</summary>
    /// <param name="fits">Which one.</param>
    /// <param name="within">How long; ten seconds when nothing is said.</param>
    /// <returns>The first one that fits.</returns>
    /// <exception cref="TimeoutException">None came.</exception>
    public async Task<TMessage> WaitForAsync(Func<TMessage, bool> fits, TimeSpan? within = null)
    {
        using var timeout = new CancellationTokenSource(within ?? TimeSpan.FromSeconds(10));
        while (!timeout.IsCancellationRequested)
        {
            if (received.FirstOrDefault(fits) is { } message)
            {
                return message;
            }

            await Task.Delay(20, CancellationToken.None);
        }

        throw new TimeoutException($"No {typeof(TMessage).Name} that fits among the {received.Count} that came.");
    }

    /// <summary>Everything heard so far that fits.</summary>
    /// <param name="fits">Which ones.</param>
    public IReadOnlyList<TMessage> All(Func<TMessage, bool> fits) => [.. received.Where(fits)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await bus.StopAsync(TimeSpan.FromSeconds(5));
}
