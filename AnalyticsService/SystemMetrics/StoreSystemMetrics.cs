using MassTransit;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.SystemMetrics;

internal sealed class StoreSystemMetrics(EventStore store) : IConsumer<SystemMetricsSampledBatch>
{
    public static EventTable<SystemMetricsSampled> Table { get; } =
        new EventTable<SystemMetricsSampled>("system_metrics", retention => retention.SystemMetricDays, x => x.EventId, x => x.OccurredAt)
            .Text("service", SystemMetric.MaxServiceLength, x => x.Service)
            .Text("instance", EventRowConfiguration.MaxNameLength, x => x.Instance)
            .Number("cpu_percent", x => x.CpuPercent)
            .Long("working_set_bytes", x => x.WorkingSetBytes)
            .Long("heap_bytes", x => x.HeapBytes)
            .Number("gc_pause_percent", x => x.GcPausePercent)
            .Integer("thread_count", x => x.ThreadCount)
            .Long("queue_length", x => x.QueueLength);

    public Task Consume(ConsumeContext<SystemMetricsSampledBatch> context) => store.StoreAsync(Table, context.Message.Events, context.CancellationToken);
}
