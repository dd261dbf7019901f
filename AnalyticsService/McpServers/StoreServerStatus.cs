using MassTransit;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.McpServers;

internal sealed class StoreServerStatus(EventStore store) : IConsumer<McpServerCheckedBatch>
{
    public static EventTable<McpServerChecked> Table { get; } =
        new EventTable<McpServerChecked>("mcp_server_status", retention => retention.ServerStatusDays, x => x.EventId, x => x.OccurredAt)
            .Uuid("server_id", x => x.ServerId)
            .Text("server_name", EventRowConfiguration.MaxNameLength, x => x.ServerName)
            .Text("status", McpServerStatus.MaxStatusLength, x => x.Status)
            .Number("latency_ms", x => x.LatencyMs)
            .Integer("tool_count", x => x.ToolCount)
            .OptionalText("error", EventRowConfiguration.MaxErrorLength, x => x.Error);

    public Task Consume(ConsumeContext<McpServerCheckedBatch> context) => store.StoreAsync(Table, context.Message.Events, context.CancellationToken);
}
