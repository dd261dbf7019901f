using Npgsql;

namespace McpPlatform.AnalyticsService.Audit;

/// <summary>An activity as it is stored, for its hash. JSON is the text that PostgreSQL makes of it, which is the same for the same value.</summary>
internal sealed record AuditRow(
    Guid EventId, DateTimeOffset OccurredAt, string Service, string Action, string Outcome, string? TargetType, double? DurationMs, string? TraceId,
    Guid? UserId, string? Username, string? Target, string? ClientIp, string? Details, string? OldValues, string? NewValues)
{
    /// <summary>The columns of the table called <c>a</c>, in the order of <see cref="Read"/>; the first is NULL where there is no row.</summary>
    public const string Columns =
        "a.event_id, a.occurred_at, a.service, a.action, a.outcome, a.target_type, a.duration_ms, a.trace_id, a.user_id, a.username, a.target, a.client_ip, a.details::text, a.old_values::text, a.new_values::text";

    /// <summary>Reads the columns from the first on.</summary>
    /// <returns>Null where there is no row.</returns>
    public static AuditRow? Read(NpgsqlDataReader rows, int first)
    {
        string? Text(int column) => rows.IsDBNull(first + column) ? null : rows.GetString(first + column);
        return rows.IsDBNull(first) ? null : new(
            rows.GetGuid(first), rows.GetFieldValue<DateTimeOffset>(first + 1), rows.GetString(first + 2), rows.GetString(first + 3), rows.GetString(first + 4), Text(5),
            rows.IsDBNull(first + 6) ? null : rows.GetDouble(first + 6), Text(7), rows.IsDBNull(first + 8) ? null : rows.GetGuid(first + 8), Text(9), Text(10), Text(11), Text(12), Text(13), Text(14));
    }
}
