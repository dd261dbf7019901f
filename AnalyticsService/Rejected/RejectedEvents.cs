using System.Text.Json;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.ServiceDefaults.Http;
using Npgsql;
using NpgsqlTypes;

namespace McpPlatform.AnalyticsService.Rejected;

/// <summary>Keeps events that could not be stored, for somebody who finds out why; nothing is thrown away in silence.</summary>
internal sealed partial class RejectedEvents(NpgsqlDataSource source, TimeProvider time, ILogger<RejectedEvents> logger)
{
    private const string Insert =
        $"INSERT INTO {AnalyticsDbContext.Schema}.rejected_events (event_id, occurred_at, rejected_at, table_name, reason, event) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";

    /// <summary>Keeps an event; the same one once, however often it comes.</summary>
    public async Task AddAsync<TEvent>(EventTable<TEvent> table, TEvent single, string reason, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(Insert);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = table.IdOf(single) });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = table.OccurredAt(single), NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = time.GetUtcNow(), NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table.Name });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Storable.Text(reason, RejectedEvent.MaxReasonLength)! });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Storable.Text(JsonSerializer.Serialize(single, HttpExtensions.Json), RejectedEvent.MaxEventLength)! });
        await command.ExecuteNonQueryAsync(cancellationToken);
        LogRejected(table.IdOf(single), table.Name, reason);
    }

    /// <summary>Forgets those that nobody asked for in so many days.</summary>
    public async Task PruneAsync(int days, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"DELETE FROM {AnalyticsDbContext.Schema}.rejected_events WHERE rejected_at < $1");
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = time.GetUtcNow().AddDays(-days), NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(4002, LogLevel.Warning, "Event {EventId} for {Table} cannot be stored and was put aside: {Reason}")]
    private partial void LogRejected(Guid eventId, string table, string reason);
}
