using MassTransit;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Live;
using McpPlatform.Contracts.Messages;
using static McpPlatform.AnalyticsService.Events.EventRowConfiguration;

namespace McpPlatform.AnalyticsService.Requests;

internal sealed class StoreRequests(EventStore store, LiveTraffic live) : IConsumer<RequestCompletedBatch>
{
    public static EventTable<RequestCompleted> Table { get; } =
        new EventTable<RequestCompleted>("request_logs", retention => retention.RequestLogDays, x => x.EventId, x => x.OccurredAt)
            .Text("method", RequestLog.MaxMethodLength, x => x.Method)
            .OptionalText("route", MaxNameLength, x => x.Route)
            .OptionalText("service", MaxNameLength, x => x.Service)
            .Text("path", MaxPathLength, x => x.Path)
            .Integer("status", x => x.Status)
            .Number("duration_ms", x => x.DurationMs)
            .Long("request_bytes", x => x.RequestBytes)
            .Long("response_bytes", x => x.ResponseBytes)
            .OptionalText("client_ip", MaxAddressLength, x => x.ClientIp)
            .OptionalText("user_agent", RequestLog.MaxUserAgentLength, x => x.UserAgent)
            .Uuid("user_id", x => x.UserId)
            .OptionalText("username", MaxNameLength, x => x.Username)
            .OptionalText("error", MaxErrorLength, x => x.Error)
            .OptionalText("trace_id", TraceIdLength, x => x.TraceId)
            .Protected((x, personal) => x with { ClientIp = personal.Address(x.ClientIp), UserAgent = personal.UserAgent(x.UserAgent) });

    public async Task Consume(ConsumeContext<RequestCompletedBatch> context)
    {
        await store.StoreAsync(Table, context.Message.Events, context.CancellationToken);
        live.Add(context.Message.Events);
    }
}
