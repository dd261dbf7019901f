using System.Diagnostics.Metrics;
using System.Runtime.Serialization;
using MassTransit;
using McpPlatform.Contracts.Messages;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>
/// Takes events from the queue and publishes them in batches with confirms. While the broker is away the batches go to disk (<see cref="TelemetrySpool{TBatch}"/>), and from
/// there to the broker when it is back, also by the next process. Where the disk has no room, the queue in memory fills, and drops its oldest.
/// </summary>
internal sealed partial class TelemetryPublisher<TEvent, TBatch>(
    TelemetryEvents<TEvent> events, Func<IReadOnlyList<TEvent>, TBatch> pack, TelemetrySpool<TBatch> spool, IBus bus, IMeterFactory meters,
    ILogger<TelemetryPublisher<TEvent, TBatch>> logger) : BackgroundService
    where TEvent : class, ITelemetryEvent
    where TBatch : class, ITelemetryBatch<TEvent>
{
    private const int BatchSize = 500;
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(250), RetryDelay = TimeSpan.FromSeconds(1);

    // A broker that takes longer is away: a batch that it takes nevertheless is published twice and stored once.
    private static readonly TimeSpan PublishTimeout = TimeSpan.FromSeconds(2);
    private readonly Counter<long> published = meters.Create("McpPlatform.Telemetry")
        .CreateCounter<long>("mcpplatform.telemetry.published", description: "Events published.");

    private volatile bool away;

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        // Lets the loop below empty the queue instead of breaking it off.
        events.Complete();
        return Task.WhenAny(ExecuteTask ?? Task.CompletedTask, Task.Delay(TimeSpan.FromSeconds(3), CancellationToken.None))
            .ContinueWith(_ => base.StopAsync(cancellationToken), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Unwrap();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(TakeAsync(stoppingToken), ReplayAsync(stoppingToken));

    private async Task TakeAsync(CancellationToken stoppingToken)
    {
        while (await events.Reader.WaitToReadAsync(CancellationToken.None))
        {
            if (events.Reader.Count < BatchSize)
            {
                await Task.WhenAny(events.Reader.Completion, Task.Delay(Linger, CancellationToken.None));
            }

            List<TEvent> batch = [];
            while (batch.Count < BatchSize && events.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }

            try
            {
                await SendOrKeepAsync(pack(batch), stoppingToken);
            }
            catch (Exception exception)
            {
                // One that cannot be written, such as a number that JSON does not have, stops neither the others nor the service.
                events.Drop(batch.Count);
                LogDropped(batch.Count, typeof(TEvent).Name, exception);
            }
        }
    }

    private async Task SendOrKeepAsync(TBatch batch, CancellationToken stoppingToken)
    {
        if (!away && await TryPublishAsync(batch, stoppingToken))
        {
            return;
        }

        while (!await spool.TryAddAsync(batch) && !await TryPublishAsync(batch, stoppingToken) && !stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAny(events.Reader.Completion, Task.Delay(RetryDelay, CancellationToken.None));
        }
    }

    private async Task ReplayAsync(CancellationToken stoppingToken)
    {
        while (!events.Reader.Completion.IsCompleted)
        {
            try
            {
                while (!events.Reader.Completion.IsCompleted && await spool.FindOldestAsync() is var (path, batch) && await TryPublishAsync(batch, stoppingToken) && spool.TryRemove(path))
                {
                    // More is waiting.
                }
            }
            catch (SerializationException exception)
            {
                LogDropped(0, typeof(TEvent).Name, exception);
            }

            await Task.WhenAny(events.Reader.Completion, Task.Delay(RetryDelay, CancellationToken.None));
        }
    }

    private async Task<bool> TryPublishAsync(TBatch batch, CancellationToken stoppingToken)
    {
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            timeout.CancelAfter(PublishTimeout);
            await bus.Publish(batch, timeout.Token);
            published.Add(batch.Events.Count, new KeyValuePair<string, object?>("event", typeof(TEvent).Name));
            if (away)
            {
                LogBack(typeof(TEvent).Name);
            }

            away = false;
            return true;
        }
        catch (Exception exception) when (exception is not SerializationException)
        {
            // The first failure of an outage is said, not each of its thousand.
            if (!away)
            {
                LogPublishFailed(typeof(TEvent).Name, exception);
            }

            away = true;
            return false;
        }
    }

    [LoggerMessage(21, LogLevel.Warning, "{Event} events cannot be published; they are kept and sent when the broker is back")]
    private partial void LogPublishFailed(string @event, Exception exception);

    [LoggerMessage(28, LogLevel.Error, "{Count} {Event} events cannot be written, and were dropped")]
    private partial void LogDropped(int count, string @event, Exception exception);

    [LoggerMessage(26, LogLevel.Information, "{Event} events are published again")]
    private partial void LogBack(string @event);
}
