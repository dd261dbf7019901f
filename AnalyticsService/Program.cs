using McpPlatform.AnalyticsService;
using McpPlatform.AnalyticsService.Audit;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.ServiceDefaults;

return await PlatformService.RunAsync<AnalyticsDbContext>(args, builder => builder.AddAnalyticsService(), app => app.MapAnalyticsService(), AuditCommand.RunAsync);
