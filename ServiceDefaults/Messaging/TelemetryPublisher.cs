using System.Diagnostics.Metrics;
using MassTransit;
using McpPlatform.Contracts.Messages;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>
/// Takes events from the queue and publishes them in batches with confirms. While the broker is away it holds on to its batch and the queue fills behind it.
/// </summary>
internal sealed partial class TelemetryPublisher<TEvent, TBatch>(
    TelemetryEvents<TEvent> events, Func<IReadOnlyList<TEvent>, TBatch> pack, IBus bus, IMeterFactory meters,
    ILogger<TelemetryPublisher<TEvent, TBatch>> logger) : BackgroundService
    where TEvent : class, ITelemetryEvent
    where TBatch : class, ITelemetryBatch<TEvent>
{
    private const int BatchSize = 500;
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PublishTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private readonly Counter<long> published = meters.Create("McpPlatform.Telemetry")
        .CreateCounter<long>("mcpplatform.telemetry.published", description: "Events published.");

    public override Task StopAsync(CancellationToken cancellationToken)
    {
        // Lets the loop below empty the queue instead of breaking it off.
        events.Complete();
        return Task.WhenAny(ExecuteTask ?? Task.CompletedTask, Task.Delay(TimeSpan.FromSeconds(3), CancellationToken.None))
            .ContinueWith(_ => base.StopAsync(cancellationToken), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Unwrap();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await events.Reader.WaitToReadAsync(stoppingToken))
            {
                await Task.WhenAny(events.Reader.Completion, Task.Delay(Linger, stoppingToken));
                List<TEvent> batch = [];
                while (batch.Count < BatchSize && events.Reader.TryRead(out var next))
                {
                    batch.Add(next);
                }

                await PublishAsync(batch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is lost with the process; telemetry promises no more.
        }
    }

    private async Task PublishAsync(List<TEvent> batch, CancellationToken stoppingToken)
    {
        // The first failure of an outage is said, not each of its thousand.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                timeout.CancelAfter(PublishTimeout);
                await bus.Publish(pack(batch), timeout.Token);
                published.Add(batch.Count, new KeyValuePair<string, object?>("event", typeof(TEvent).Name));
                return;
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                if (attempt == 1)
                {
                    LogPublishFailed(typeof(TEvent).Name, exception);
                }

                await Task.Delay(RetryDelay, stoppingToken);
            }
        }
    }

    [LoggerMessage(21, LogLevel.Warning, "{Event} events cannot be published; they are kept in memory and tried again")]
    private partial void LogPublishFailed(string @event, Exception exception);
}
