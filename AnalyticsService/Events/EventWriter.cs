using McpPlatform.AnalyticsService.Audit;
using McpPlatform.AnalyticsService.Rollups;
using Npgsql;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>The statements that write events (ADR 0012); all return how many were new.</summary>
internal static class EventWriter
{
    private const int WorthACopy = 20;

    /// <summary>
    /// Binary COPY, as fast as PostgreSQL takes rows. Where one of them is stored already, which is rare, nothing of the COPY stays, and what is new is inserted.
    /// </summary>
    public static async Task<int> WriteAsync<TEvent>(NpgsqlDataSource source, EventTable<TEvent> table, IReadOnlyList<TEvent> batch, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        if (batch.Count >= WorthACopy)
        {
            try
            {
                return await WriteAsync(CopyAsync, connection, table, batch, cancellationToken);
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // A repetition: the statement below knows which of them.
            }
        }

        return await WriteAsync(InsertAsync, connection, table, batch, cancellationToken);
    }

    private delegate Task<int> Writing<TEvent>(NpgsqlConnection connection, EventTable<TEvent> table, IReadOnlyList<TEvent> batch, CancellationToken cancellationToken);

    // The rows and the marks of the minutes that have to be counted anew: both or neither.
    private static async Task<int> WriteAsync<TEvent>(
        Writing<TEvent> write, NpgsqlConnection connection, EventTable<TEvent> table, IReadOnlyList<TEvent> batch, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RollupMarks.AddAsync(connection, table.Name, Grain.Minute, batch.Select(table.OccurredAt), cancellationToken);
        if (table.IsChained)
        {
            await AnnounceAsync(connection, table, batch, cancellationToken);
        }

        var stored = await write(connection, table, batch, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return stored;
    }

    // What is stored without having been announced did not come this way (AuditVerifier).
    private static async Task AnnounceAsync<TEvent>(NpgsqlConnection connection, EventTable<TEvent> table, IReadOnlyList<TEvent> batch, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"INSERT INTO {AuditChainTable.Pending} (event_id, occurred_at) SELECT * FROM unnest($1, $2)", connection);
        foreach (var column in table.Columns.Take(2))
        {
            command.Parameters.Add(column.ArrayOf(batch));
        }

        await command.PrepareAsync(cancellationToken);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<int> CopyAsync<TEvent>(NpgsqlConnection connection, EventTable<TEvent> table, IReadOnlyList<TEvent> batch, CancellationToken cancellationToken)
    {
        await using var copy = await connection.BeginBinaryImportAsync(table.Copy, cancellationToken);
        foreach (var single in batch)
        {
            await copy.StartRowAsync(cancellationToken);
            foreach (var column in table.Columns)
            {
                await column.CopyAsync(copy, single, cancellationToken);
            }
        }

        return (int)await copy.CompleteAsync(cancellationToken);
    }

    // Prepared once for each table and connection.
    private static async Task<int> InsertAsync<TEvent>(NpgsqlConnection connection, EventTable<TEvent> table, IReadOnlyList<TEvent> batch, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(table.Insert, connection);
        foreach (var column in table.Columns)
        {
            command.Parameters.Add(column.ArrayOf(batch));
        }

        await command.PrepareAsync(cancellationToken);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
