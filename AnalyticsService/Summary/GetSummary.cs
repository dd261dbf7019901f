using System.ComponentModel;
using McpPlatform.AnalyticsService.Activities;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace McpPlatform.AnalyticsService.Summary;

/// <summary>Computed from the raw rows, exactly.</summary>
internal static class GetSummary
{
    private const int MaxDays = 31;

    public static async Task<Results<Ok<SummaryResponse>, ValidationProblem>> HandleAsync(
        AnalyticsDbContext db,
        TimeProvider time,
        CancellationToken cancellationToken,
        [Description("The earliest time, inclusive (RFC 3339); a day before the end when nothing is said.")] DateTimeOffset? from = null,
        [Description("The latest time, exclusive (RFC 3339); now when nothing is said.")] DateTimeOffset? to = null)
    {
        var end = (to ?? time.GetUtcNow()).ToUniversalTime();
        if (end < DateTimeOffset.UnixEpoch)
        {
            return ProblemExtensions.Invalid("to", "to must not be earlier than 1970.");
        }

        var start = from?.ToUniversalTime() ?? end.AddDays(-1);
        if (start >= end)
        {
            return ProblemExtensions.Invalid("from", "from must be earlier than to, which is now when nothing is said.");
        }

        if (end - start > TimeSpan.FromDays(MaxDays))
        {
            return ProblemExtensions.Invalid("from", "from must be at most 31 days earlier than to, which is now when nothing is said.");
        }

        var totals = await TotalsAsync(db.Database, start, end, cancellationToken);
        return TypedResults.Ok(new SummaryResponse(
            start,
            end,
            totals.Requests,
            totals.ClientErrors,
            totals.ServerErrors,
            totals.Requests == 0 ? 0 : (double)totals.ServerErrors / totals.Requests,
            totals.P50Ms,
            totals.P95Ms,
            totals.P99Ms,
            totals.ActiveUsers,
            await TopEndpointsAsync(db.Database, start, end, cancellationToken),
            await TopToolsAsync(db.Database, start, end, cancellationToken),
            await ServersAsync(db.Database, start, end, cancellationToken)));
    }

    private static async Task<RequestTotals> TotalsAsync(DatabaseFacade database, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        (await database.SqlQuery<RequestTotals>(
            $"""
            SELECT count(*) AS requests,
                   count(*) FILTER (WHERE status BETWEEN 400 AND 499) AS client_errors,
                   count(*) FILTER (WHERE status >= 500) AS server_errors,
                   percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50ms,
                   percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95ms,
                   percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms) AS p99ms,
                   count(DISTINCT user_id) AS active_users
            FROM analytics.request_logs WHERE occurred_at >= {from} AND occurred_at < {to}
            """).ToListAsync(cancellationToken)).Single();

    private static Task<List<EndpointSummary>> TopEndpointsAsync(DatabaseFacade database, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        database.SqlQuery<EndpointSummary>(
            $"""
            SELECT method, route, count(*) AS requests, count(*) FILTER (WHERE status >= 500) AS server_errors,
                   percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95ms
            FROM analytics.request_logs WHERE occurred_at >= {from} AND occurred_at < {to}
            GROUP BY method, route ORDER BY count(*) DESC, route, method LIMIT 10
            """).ToListAsync(cancellationToken);

    private static Task<List<ToolSummary>> TopToolsAsync(DatabaseFacade database, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        database.SqlQuery<ToolSummary>(
            $"""
            SELECT target AS tool, count(*) AS calls, count(*) FILTER (WHERE outcome = 'denied') AS denied, count(*) FILTER (WHERE outcome = 'failed') AS failed,
                   percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95ms
            FROM analytics.user_activities WHERE action = {UserActivity.ToolCall} AND target IS NOT NULL AND occurred_at >= {from} AND occurred_at < {to}
            GROUP BY target ORDER BY count(*) DESC, target LIMIT 10
            """).ToListAsync(cancellationToken);

    // A server that nobody checked for a day is not there any more; the whole range would be millions of checks.
    private static Task<List<ServerSummary>> ServersAsync(DatabaseFacade database, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var since = from > to.AddDays(-1) ? from : to.AddDays(-1);
        return database.SqlQuery<ServerSummary>(
            $"""
            SELECT * FROM (
                SELECT DISTINCT ON (server_id) server_id, server_name, status, latency_ms, tool_count, error, occurred_at AS checked_at
                FROM analytics.mcp_server_status WHERE occurred_at >= {since} AND occurred_at < {to}
                ORDER BY server_id, occurred_at DESC) latest
            ORDER BY server_name, server_id LIMIT 200
            """).ToListAsync(cancellationToken);
    }
}
