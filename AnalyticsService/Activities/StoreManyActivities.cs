using MassTransit;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.Activities;

/// <summary>The same facts as <see cref="StoreActivities"/>, many in one message.</summary>
internal sealed class StoreManyActivities(EventStore store) : IConsumer<ActivitiesRecorded>
{
    public Task Consume(ConsumeContext<ActivitiesRecorded> context) => store.StoreAllAsync(StoreActivities.Table, context.Message.Activities, context.CancellationToken);
}
