using McpPlatform.AnalyticsService.Activities;
using McpPlatform.AnalyticsService.Audit;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Live;
using McpPlatform.AnalyticsService.McpServers;
using McpPlatform.AnalyticsService.PageViews;
using McpPlatform.AnalyticsService.Privacy;
using McpPlatform.AnalyticsService.Requests;
using McpPlatform.AnalyticsService.SystemMetrics;
using McpPlatform.AnalyticsService.Telemetry;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Secrets;

namespace McpPlatform.AnalyticsService;

/// <summary>Request logs, the audit trail, page views, system metrics and the status of MCP servers.</summary>
internal static class AnalyticsServiceSetup
{
    public static void AddAnalyticsService(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidation();
        builder.AddNpgsqlDbContext<AnalyticsDbContext>("analyticsdb", AnalyticsDbContext.Schema);
        builder.AddRedisClient("redis");
        builder.AddPlatformAuthentication();
        builder.AddPlatformMessaging<AnalyticsDbContext>(bus =>
        {
            bus.AddConsumer<StoreRequests>();
            bus.AddConsumer<StoreActivities>();
            bus.AddConsumer<StoreManyActivities>();
            bus.AddConsumer<StorePageViews>();
            bus.AddConsumer<StoreSystemMetrics>();
            bus.AddConsumer<StoreServerStatus>();
        });
        builder.AddTelemetryEvents<PageViewed, PageViewedBatch>(events => new(events));
        builder.AddEventStore(StoreRequests.Table, StoreActivities.Table, StorePageViews.Table, StoreSystemMetrics.Table, StoreServerStatus.Table);
        builder.AddStoredSecrets<AnalyticsDbContext>("audit-keys", db => db.AuditKeys.Select(key => key.SecretKey));
        builder.Services.AddSingleton<AuditChainTable>();
        builder.Services.AddSingleton<EventTable>(provider => provider.GetRequiredService<AuditChainTable>());
        builder.Services.AddSingleton<AuditKeys>();
        builder.Services.AddScoped<AuditVerifier>();
        builder.Services.AddSingleton<SealAudit>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<SealAudit>());
        builder.Services.AddSingleton<EraseData>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<EraseData>());
        builder.Services.AddSingleton<AnalyticsTelemetry>();
        builder.Services.AddSingleton<LiveTraffic>();
        builder.Services.AddSingleton<LiveFeed>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<LiveFeed>());
    }

    public static void MapAnalyticsService(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapAnalyticsApi();
    }
}
