using System.ComponentModel;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace McpPlatform.AnalyticsService.Requests;

internal static class ListRequests
{
    public static async Task<Results<Ok<Page<RequestLog>>, ValidationProblem>> HandleAsync(
        AnalyticsDbContext db,
        [AsParameters] EventQuery query,
        CancellationToken cancellationToken,
        [Description("The route's name at the Gateway.")] string? route = null,
        string? method = null,
        [Description("The HTTP status, 499 for requests that the client broke off.")] int? status = null,
        [FromQuery(Name = "user_id")] Guid? userId = null)
    {
        if (status is < 100 or > 599)
        {
            return ProblemExtensions.Invalid("status", "status must be from 100 to 599.");
        }

        var upper = method?.ToUpperInvariant();
        return await query.ToPageAsync(
            db.Requests.Where(row => (route == null || row.Route == route) && (upper == null || row.Method == upper)
                && (status == null || row.Status == status) && (userId == null || row.UserId == userId)),
            cancellationToken);
    }
}
