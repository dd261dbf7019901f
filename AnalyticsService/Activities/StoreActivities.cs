using System.Text.Json;
using MassTransit;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Live;
using McpPlatform.Contracts.Messages;
using static McpPlatform.AnalyticsService.Events.EventRowConfiguration;

namespace McpPlatform.AnalyticsService.Activities;

/// <summary>One message per fact, so that the write stands in the trace of the request that it tells of.</summary>
internal sealed class StoreActivities(EventStore store, LiveTraffic live) : IConsumer<ActivityRecorded>
{
    public static EventTable<ActivityRecorded> Table { get; } =
        new EventTable<ActivityRecorded>("user_activities", retention => retention.ActivityDays, x => x.EventId, x => x.OccurredAt)
            .Text("service", UserActivity.MaxServiceLength, x => x.Service)
            .Text("action", UserActivity.MaxActionLength, x => x.Action)
            .Text("outcome", UserActivity.MaxOutcomeLength, x => x.Outcome)
            .Uuid("user_id", x => x.UserId)
            .OptionalText("username", MaxNameLength, x => x.Username)
            .OptionalText("target_type", UserActivity.MaxServiceLength, x => x.TargetType)
            .OptionalText("target", UserActivity.MaxTargetLength, x => x.Target)
            .Number("duration_ms", x => x.DurationMs)
            .OptionalText("client_ip", MaxAddressLength, x => x.ClientIp)
            .OptionalText("trace_id", TraceIdLength, x => x.TraceId)
            .Json("details", x => x.Details is null ? null : JsonSerializer.SerializeToElement(x.Details))
            .Json("old_values", x => x.OldValues)
            .Json("new_values", x => x.NewValues)
            .Protected((x, personal) => x with { ClientIp = personal.Address(x.ClientIp) })
            .Chained();

    public async Task Consume(ConsumeContext<ActivityRecorded> context)
    {
        await store.StoreAsync(Table, [context.Message], context.CancellationToken);
        live.Add([context.Message]);
    }
}
