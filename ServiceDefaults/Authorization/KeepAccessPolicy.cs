using MassTransit;
using McpPlatform.Contracts.Messages;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace McpPlatform.ServiceDefaults.Authorization;

/// <summary>Keeps the newest policy. Its version makes repetitions and late arrivals harmless, so no inbox is needed.</summary>
internal sealed class KeepAccessPolicy(AccessPolicySource source) : IConsumer<AccessPolicyChanged>
{
    public Task Consume(ConsumeContext<AccessPolicyChanged> context) => source.KeepAsync(context.Message.Policy, context.CancellationToken);
}

/// <summary>Asks for the policy until it is there: a new service, or a new database, has missed every change so far.</summary>
internal sealed partial class AskForAccessPolicy(AccessPolicySource source, IBus bus, TimeProvider time, ILogger<AskForAccessPolicy> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (; source.IsMissing; await Task.Delay(Interval, time, stoppingToken))
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            limit.CancelAfter(Interval);
            try
            {
                var question = new AccessPolicyRequested { EventId = Guid.CreateVersion7(), OccurredAt = time.GetUtcNow() };

                // Gone after a while: UserService need not answer every question that piled up while it was away.
                await bus.Publish(question, publish => publish.TimeToLive = 2 * Interval, limit.Token);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotAsked(exception);
            }
        }
    }

    [LoggerMessage(32, LogLevel.Warning, "The access policy could not be asked for; trying again")]
    private partial void LogNotAsked(Exception exception);
}
