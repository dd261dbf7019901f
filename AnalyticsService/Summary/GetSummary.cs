using McpPlatform.AnalyticsService.Rollups;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace McpPlatform.AnalyticsService.Summary;

internal static class GetSummary
{
    private const int Top = 10, MostServers = 200;

    public static async Task<Results<Ok<SummaryResponse>, ValidationProblem>> HandleAsync(
        RollupReader reader, TimeProvider time, [AsParameters] FiguresRange asked, CancellationToken cancellationToken)
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
            await LastChecksAsync(session, servers, lastDay, cancellationToken)));
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

    private static async Task<IReadOnlyList<ServerSummary>> LastChecksAsync(RollupSession session, IReadOnlyList<string> servers, TimeRange range, CancellationToken cancellationToken)
    {
        const string Sql =
            """
            SELECT id, server_name, status, latency_ms, tool_count, error, occurred_at FROM unnest($1::uuid[]) AS id
            CROSS JOIN LATERAL (
                SELECT * FROM analytics.mcp_server_status WHERE server_id = id AND occurred_at >= $2 AND occurred_at < $3 ORDER BY occurred_at DESC LIMIT 1) AS last
            ORDER BY server_name, id
            """;
        await using var command = new NpgsqlCommand(Sql, session.Connection);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. servers.Select(Guid.Parse)] });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = range.Start });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = range.End });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        List<ServerSummary> checks = [];
        while (await rows.ReadAsync(cancellationToken))
        {
            checks.Add(new(
                rows.GetGuid(0), rows.GetString(1), rows.GetString(2), rows.GetDouble(3), rows.IsDBNull(4) ? null : rows.GetInt32(4), rows.IsDBNull(5) ? null : rows.GetString(5),
                rows.GetFieldValue<DateTimeOffset>(6)));
        }

        return checks;
    }
}
