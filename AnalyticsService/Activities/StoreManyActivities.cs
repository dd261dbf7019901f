using MassTransit;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Live;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.Activities;

/// <summary>The same facts as <see cref="StoreActivities"/>, many in one message.</summary>
internal sealed class StoreManyActivities(EventStore store, LiveTraffic live) : IConsumer<ActivitiesRecorded>
{
    public async Task Consume(ConsumeContext<ActivitiesRecorded> context)
    {
        await store.StoreAsync(StoreActivities.Table, context.Message.Activities, context.CancellationToken);
        live.Add(context.Message.Activities);
    }
}
