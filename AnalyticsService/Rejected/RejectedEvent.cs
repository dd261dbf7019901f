using McpPlatform.AnalyticsService.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.Rejected;

/// <summary>An event that could not be stored in its table, kept as it came.</summary>
internal sealed class RejectedEvent : IEventRow
{
    /// <summary>How much of an event is kept, in characters.</summary>
    public const int MaxEventLength = 64 * 1024, MaxTableLength = 64, MaxReasonLength = 1024;

    public Guid EventId { get; init; }

    /// <summary>As the event says, right or wrong.</summary>
    public DateTimeOffset OccurredAt { get; init; }

    public DateTimeOffset RejectedAt { get; init; }

    /// <summary>The table that it was for.</summary>
    public required string Table { get; init; }

    public required string Reason { get; init; }

    /// <summary>JSON; cut at 65536 characters.</summary>
    public required string Event { get; init; }
}

internal sealed class RejectedEventConfiguration : IEntityTypeConfiguration<RejectedEvent>
{
    public void Configure(EntityTypeBuilder<RejectedEvent> builder)
    {
        builder.ToTable("rejected_events");
        builder.HasKey(row => new { row.EventId, row.OccurredAt });
        builder.Property(row => row.EventId).ValueGeneratedNever();
        builder.Property(row => row.Table).HasColumnName("table_name").HasMaxLength(RejectedEvent.MaxTableLength);
        builder.Property(row => row.Reason).HasMaxLength(RejectedEvent.MaxReasonLength);
        builder.HasIndex(row => new { row.OccurredAt, row.EventId });
        builder.HasIndex(row => row.RejectedAt);
    }
}
