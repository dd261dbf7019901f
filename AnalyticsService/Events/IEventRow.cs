using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>A stored event as it is read: the row is what the API returns.</summary>
internal interface IEventRow
{
    Guid EventId { get; }

    DateTimeOffset OccurredAt { get; }
}

/// <summary>What all event tables have in common.</summary>
internal static class EventRowConfiguration
{
    /// <summary>Longest texts of kinds that occur in several tables.</summary>
    public const int MaxNameLength = 256, MaxPathLength = 2048, MaxAddressLength = 64, MaxErrorLength = 1024, TraceIdLength = 32;

    /// <summary>
    /// Partitioned by day on <c>occurred_at</c> (the migration says so: EF Core cannot), which is why the time is part of the key. The B-tree is the order
    /// in which lists are read; the BRIN index costs next to nothing and serves scans of a part of a day.
    /// </summary>
    public static void IsEventTable<TRow>(this EntityTypeBuilder<TRow> builder, string name)
        where TRow : class, IEventRow
    {
        builder.ToTable(name);
        builder.HasKey(row => new { row.EventId, row.OccurredAt });
        builder.Property(row => row.EventId).ValueGeneratedNever();
        builder.Property(row => row.OccurredAt).ValueGeneratedNever();
        builder.HasIndex(row => new { row.OccurredAt, row.EventId });
        builder.HasIndex(row => row.OccurredAt).HasMethod("brin");
    }
}
