using MassTransit;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.Contracts.Messages;
using static McpPlatform.AnalyticsService.Events.EventRowConfiguration;

namespace McpPlatform.AnalyticsService.PageViews;

internal sealed class StorePageViews(EventStore store) : IConsumer<PageViewedBatch>
{
    public static EventTable<PageViewed> Table { get; } =
        new EventTable<PageViewed>("page_views", retention => retention.PageViewDays, x => x.EventId, x => x.OccurredAt)
            .Uuid("user_id", x => x.UserId)
            .OptionalText("username", MaxNameLength, x => x.Username)
            .Text("path", MaxPathLength, x => x.Path)
            .OptionalText("referrer", MaxPathLength, x => x.Referrer)
            .Number("duration_ms", x => x.DurationMs)
            .OptionalText("session_id", PageView.MaxSessionLength, x => x.SessionId);

    public Task Consume(ConsumeContext<PageViewedBatch> context) => store.StoreAsync(Table, context.Message.Events, context.CancellationToken);
}
