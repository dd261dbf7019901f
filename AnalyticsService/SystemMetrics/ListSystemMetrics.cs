using System.ComponentModel;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AnalyticsService.SystemMetrics;

internal static class ListSystemMetrics
{
    public static Task<Results<Ok<Page<SystemMetric>>, ValidationProblem>> HandleAsync(
        AnalyticsDbContext db,
        [AsParameters] EventQuery query,
        CancellationToken cancellationToken,
        [Description("Such as gateway.")] string? service = null) =>
        query.ToPageAsync(db.SystemMetrics.Where(row => service == null || row.Service == service), cancellationToken);
}
