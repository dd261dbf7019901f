using System.ComponentModel;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace McpPlatform.AnalyticsService.McpServers;

internal static class ListServerStatus
{
    public static Task<Results<Ok<Page<McpServerStatus>>, ValidationProblem>> HandleAsync(
        AnalyticsDbContext db,
        [AsParameters] EventQuery query,
        CancellationToken cancellationToken,
        [FromQuery(Name = "server_id")] Guid? serverId = null,
        [Description("healthy, degraded or unhealthy.")] string? status = null) =>
        query.ToPageAsync(
            db.ServerStatus.Where(row => (serverId == null || row.ServerId == serverId) && (status == null || row.Status == status)), cancellationToken);
}
