using McpPlatform.AnalyticsService.Activities;
using McpPlatform.AnalyticsService.Audit;
using McpPlatform.AnalyticsService.McpServers;
using McpPlatform.AnalyticsService.PageViews;
using McpPlatform.AnalyticsService.Privacy;
using McpPlatform.AnalyticsService.Rejected;
using McpPlatform.AnalyticsService.Requests;
using McpPlatform.AnalyticsService.Rollups;
using McpPlatform.AnalyticsService.SystemMetrics;
using McpPlatform.ServiceDefaults.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AnalyticsService.Data;

/// <summary>For reading. Events are written past EF Core, by <see cref="Events.EventStore"/>.</summary>
internal sealed class AnalyticsDbContext(DbContextOptions<AnalyticsDbContext> options) : DbContext(options)
{
    public const string Schema = "analytics";

    public DbSet<RequestLog> Requests => Set<RequestLog>();

    public DbSet<UserActivity> Activities => Set<UserActivity>();

    public DbSet<PageView> PageViews => Set<PageView>();

    public DbSet<SystemMetric> SystemMetrics => Set<SystemMetric>();

    public DbSet<McpServerStatus> ServerStatus => Set<McpServerStatus>();

    public DbSet<RejectedEvent> Rejected => Set<RejectedEvent>();

    public DbSet<Erasure> Erasures => Set<Erasure>();

    public DbSet<AuditLink> AuditLinks => Set<AuditLink>();

    public DbSet<AuditDay> AuditDays => Set<AuditDay>();

    public DbSet<AuditCheckpoint> AuditCheckpoints => Set<AuditCheckpoint>();

    public DbSet<AuditKey> AuditKeys => Set<AuditKey>();

    public DbSet<StoredRollup> Rollups => Set<StoredRollup>();

    public DbSet<RollupMark> RollupMarks => Set<RollupMark>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(AnalyticsDbContext).Assembly);
        modelBuilder.AddOutboxAndInbox();
    }
}
