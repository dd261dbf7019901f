using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.ServiceDefaults.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace McpPlatform.AnalyticsService.PageViews;

internal static class ListPageViews
{
    public static Task<Results<Ok<Page<PageView>>, ValidationProblem>> HandleAsync(
        AnalyticsDbContext db,
        [AsParameters] EventQuery query,
        CancellationToken cancellationToken,
        string? path = null,
        [FromQuery(Name = "user_id")] Guid? userId = null) =>
        query.ToPageAsync(db.PageViews.Where(row => (path == null || row.Path == path) && (userId == null || row.UserId == userId)), cancellationToken);
}
