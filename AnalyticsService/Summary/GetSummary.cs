using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Rollups;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AnalyticsService.Summary;

internal static class GetSummary
{
    private const int Top = 10, MostServers = 200;

    public static async Task<Results<Ok<SummaryResponse>, ValidationProblem>> HandleAsync(
        RollupReader reader, AnalyticsDbContext db, TimeProvider time, [AsParameters] FiguresRange asked, CancellationToken cancellationToken)
    {
        if (!asked.TryRead(time.GetUtcNow(), out var range, out var problem))
        {
            return problem;
        }

        range = range.Within(reader.KeptFrom(RollupSources.Requests));
        await using var session = await reader.OpenAsync(cancellationToken);
        var requests = await TotalAsync(session, RollupSources.Requests, range, spread: true, cancellationToken);
        var calls = await TotalAsync(session, RollupSources.ToolCalls, range, spread: false, cancellationToken);
        var users = await session.DistinctAsync(RollupSources.Requests, RollupSources.Requests.Dimension("user"), range, cancellationToken);
        var endpoints = await TopAsync(session, RollupSources.Requests, "endpoint", range, cancellationToken);
        var tools = await TopAsync(session, RollupSources.ToolCalls, "tool", range, cancellationToken);

        // A server that nobody checked for a day is not there any more.
        var lastDay = new TimeRange(range.Length > TimeSpan.FromDays(1) ? range.End.AddDays(-1) : range.Start, range.End);
        var servers = await session.TopAsync(RollupSources.ServerChecks, RollupSources.ServerChecks.Dimension("server"), lastDay, "count", MostServers, null, cancellationToken);
        return TypedResults.Ok(new SummaryResponse(
            range.Start, range.End, requests.Count, requests.Refused, requests.Failed, requests.FailedShare,
            requests.Values.Percentile(0.5), requests.Values.Percentile(0.95), requests.Values.Percentile(0.99), users, calls.Count, session.PendingMinutes,
            [.. endpoints.Select(endpoint => Endpoint(endpoint.Value, endpoint.Figures))],
            [.. tools.Select(tool => new ToolSummary(tool.Value, tool.Figures.Count, tool.Figures.Refused, tool.Figures.Failed, tool.Figures.Values.Percentile(0.95)))],
            await LastChecksAsync(db, [.. servers.Select(Guid.Parse)], lastDay, cancellationToken)));
    }

    private static async Task<Rollup> TotalAsync(RollupSession session, RollupSource counted, TimeRange range, bool spread, CancellationToken cancellationToken)
    {
        var found = await session.ReadAsync(counted, counted.Dimension(RollupSource.All), [range], [RollupSource.All], spread, cancellationToken);
        return found.Values.SingleOrDefault() ?? new Rollup();
    }

    private static async Task<IEnumerable<(string Value, Rollup Figures)>> TopAsync(
        RollupSession session, RollupSource counted, string dimension, TimeRange range, CancellationToken cancellationToken)
    {
        var values = await session.TopAsync(counted, counted.Dimension(dimension), range, "count", Top, null, cancellationToken);
        var figures = await session.ReadAsync(counted, counted.Dimension(dimension), [range], values, spread: true, cancellationToken);
        return values.Select(value => (value, figures[(0, value)]));
    }

    private static EndpointSummary Endpoint(string value, Rollup figures)
    {
        var parts = JsonText.Parts(value);
        return new(parts[0]!, parts[1], figures.Count, figures.Failed, figures.Values.Percentile(0.95));
    }

    private static Task<List<ServerSummary>> LastChecksAsync(AnalyticsDbContext db, Guid[] servers, TimeRange range, CancellationToken cancellationToken) =>
        db.Database.SqlQuery<ServerSummary>(
            $"""
            SELECT last.server_id, server_name, status, latency_ms, tool_count, error, occurred_at AS checked_at FROM unnest({servers}) AS id
            CROSS JOIN LATERAL (
                SELECT * FROM analytics.mcp_server_status WHERE server_id = id AND occurred_at >= {range.Start} AND occurred_at < {range.End}
                ORDER BY occurred_at DESC LIMIT 1) AS last
            ORDER BY server_name, last.server_id
            """).ToListAsync(cancellationToken);
}
