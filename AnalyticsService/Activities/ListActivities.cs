using System.ComponentModel;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace McpPlatform.AnalyticsService.Activities;

internal static class ListActivities
{
    public static async Task<Results<Ok<Page<UserActivity>>, ValidationProblem>> HandleAsync(
        AnalyticsDbContext db,
        [AsParameters] EventQuery query,
        CancellationToken cancellationToken,
        [Description("What was done, such as mcp.tools.call.")] string? action = null,
        [Description("succeeded, denied or failed.")] string? outcome = null,
        [FromQuery(Name = "user_id")] Guid? userId = null)
    {
        if (outcome is not (null or ActivityOutcomes.Succeeded or ActivityOutcomes.Denied or ActivityOutcomes.Failed))
        {
            return ProblemExtensions.Invalid("outcome", "outcome must be succeeded, denied or failed.");
        }

        return await query.ToPageAsync(
            db.Activities.Where(row => (action == null || row.Action == action) && (outcome == null || row.Outcome == outcome)
                && (userId == null || row.UserId == userId)),
            cancellationToken);
    }
}
