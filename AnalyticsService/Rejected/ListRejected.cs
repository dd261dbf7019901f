using System.ComponentModel;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AnalyticsService.Rejected;

internal static class ListRejected
{
    public static Task<Results<Ok<Page<RejectedEvent>>, ValidationProblem>> HandleAsync(
        AnalyticsDbContext db,
        [AsParameters] EventQuery query,
        CancellationToken cancellationToken,
        [Description("The table that they were for, such as request_logs.")] string? table = null) =>
        query.ToPageAsync(db.Rejected.Where(row => table == null || row.Table == table), cancellationToken);
}
