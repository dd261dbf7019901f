using McpPlatform.AnalyticsService.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace McpPlatform.AnalyticsService.PageViews;

/// <summary>One look at a page; see <see cref="Contracts.Messages.PageViewed"/> for what each property means.</summary>
internal sealed class PageView : IEventRow
{
    public const int MaxSessionLength = 64;

    public Guid EventId { get; init; }

    public DateTimeOffset OccurredAt { get; init; }

    public Guid UserId { get; init; }

    public string? Username { get; init; }

    public required string Path { get; init; }

    public string? Referrer { get; init; }

    public double? DurationMs { get; init; }

    public string? SessionId { get; init; }
}

internal sealed class PageViewConfiguration : IEntityTypeConfiguration<PageView>
{
    public void Configure(EntityTypeBuilder<PageView> builder)
    {
        builder.IsEventTable("page_views");
        builder.Property(row => row.Username).HasMaxLength(EventRowConfiguration.MaxNameLength);
        builder.Property(row => row.Path).HasMaxLength(EventRowConfiguration.MaxPathLength);
        builder.Property(row => row.SessionId).HasMaxLength(PageView.MaxSessionLength);
        builder.Property(row => row.Referrer).HasMaxLength(EventRowConfiguration.MaxPathLength);
    }
}
