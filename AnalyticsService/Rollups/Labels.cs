using McpPlatform.AnalyticsService.Data;
using Npgsql;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>The newest names of what figures are grouped by ids of.</summary>
internal static class Labels
{
    // One row each through the index of (id, time).
    private const string Users =
        $"""
        SELECT id::text, found.username FROM unnest($1::uuid[]) AS id
        CROSS JOIN LATERAL (SELECT username FROM {AnalyticsDbContext.Schema}.request_logs WHERE user_id = id AND username IS NOT NULL ORDER BY occurred_at DESC LIMIT 1) AS found
        """,
        Servers =
        $"""
        SELECT id::text, found.server_name FROM unnest($1::uuid[]) AS id
        CROSS JOIN LATERAL (SELECT server_name FROM {AnalyticsDbContext.Schema}.mcp_server_status WHERE server_id = id ORDER BY occurred_at DESC LIMIT 1) AS found
        """;

    /// <summary>The names of users.</summary>
    public static Task<Dictionary<string, string>> OfUsersAsync(RollupSession session, IEnumerable<string> ids, CancellationToken cancellationToken) =>
        ReadAsync(session, Users, ids, cancellationToken);

    /// <summary>The names of MCP servers.</summary>
    public static Task<Dictionary<string, string>> OfServersAsync(RollupSession session, IEnumerable<string> ids, CancellationToken cancellationToken) =>
        ReadAsync(session, Servers, ids, cancellationToken);

    /// <summary>The names of whatever has an id; none of what is a name itself.</summary>
    public static async Task<Dictionary<string, string>> OfAsync(
        RollupSession session, RollupSource counted, RollupDimension dimension, IReadOnlyList<string> values, CancellationToken cancellationToken) => dimension.Name switch
    {
        "user" => await OfUsersAsync(session, values, cancellationToken),
        "server" when counted == RollupSources.ServerChecks => await OfServersAsync(session, values, cancellationToken),
        "endpoint" => values.Distinct(StringComparer.Ordinal).ToDictionary(value => value, JsonText.Label, StringComparer.Ordinal),
        _ => [],
    };

    private static async Task<Dictionary<string, string>> ReadAsync(RollupSession session, string sql, IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        Dictionary<string, string> names = [];
        var known = ids.Where(id => Guid.TryParse(id, out _)).Select(Guid.Parse).ToArray();
        if (known.Length == 0)
        {
            return names;
        }

        await using var command = new NpgsqlCommand(sql, session.Connection);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = known });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            names[rows.GetString(0)] = rows.GetString(1);
        }

        return names;
    }
}
