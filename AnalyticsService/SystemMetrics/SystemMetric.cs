using McpPlatform.AnalyticsService.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.SystemMetrics;

/// <summary>What one process used; see <see cref="Contracts.Messages.SystemMetricsSampled"/> for what each property means.</summary>
internal sealed class SystemMetric : IEventRow
{
    public const int MaxServiceLength = 64;

    public Guid EventId { get; init; }

    public DateTimeOffset OccurredAt { get; init; }

    public required string Service { get; init; }

    public required string Instance { get; init; }

    public double CpuPercent { get; init; }

    public long WorkingSetBytes { get; init; }

    public long HeapBytes { get; init; }

    public double GcPausePercent { get; init; }

    public int ThreadCount { get; init; }

    public long QueueLength { get; init; }
}

internal sealed class SystemMetricConfiguration : IEntityTypeConfiguration<SystemMetric>
{
    public void Configure(EntityTypeBuilder<SystemMetric> builder)
    {
        builder.IsEventTable("system_metrics");
        builder.Property(row => row.Service).HasMaxLength(SystemMetric.MaxServiceLength);
        builder.Property(row => row.Instance).HasMaxLength(EventRowConfiguration.MaxNameLength);
    }
}
