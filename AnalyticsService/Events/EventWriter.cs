using Npgsql;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>The statements that write events; both return how many were new.</summary>
internal static class EventWriter
{
    /// <summary>
    /// Binary COPY into a temporary table, and from there whatever is not stored yet, in one transaction: two statements for a batch of any size (ADR 0012).
    /// </summary>
    public static async Task<int> WriteAsync<TEvent>(NpgsqlDataSource source, EventTable<TEvent> table, List<TEvent> batch, CancellationToken cancellationToken)
    {
        var (staging, columns) = ($"staging_{table.Name}", Names(table));
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"CREATE TEMPORARY TABLE {staging} (LIKE {table.QualifiedName}) ON COMMIT DROP", cancellationToken);
        await using (var copy = await connection.BeginBinaryImportAsync($"COPY pg_temp.{staging} ({columns}) FROM STDIN (FORMAT BINARY)", cancellationToken))
        {
            foreach (var single in batch)
            {
                await copy.StartRowAsync(cancellationToken);
                foreach (var column in table.Columns)
                {
                    if (column.Value(single) is { } value)
                    {
                        await copy.WriteAsync(value, column.Type, cancellationToken);
                    }
                    else
                    {
                        await copy.WriteNullAsync(cancellationToken);
                    }
                }
            }

            await copy.CompleteAsync(cancellationToken);
        }

        var stored = await ExecuteAsync(
            connection, $"INSERT INTO {table.QualifiedName} ({columns}) SELECT {columns} FROM pg_temp.{staging} ON CONFLICT DO NOTHING", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return stored;
    }

    /// <summary>A plain INSERT: to make and drop a table for one row would cost many times the row.</summary>
    public static async Task<int> WriteAsync<TEvent>(NpgsqlDataSource source, EventTable<TEvent> table, TEvent single, CancellationToken cancellationToken)
    {
        var values = string.Join(", ", Enumerable.Range(1, table.Columns.Count).Select(number => $"${number}"));
        await using var command = source.CreateCommand($"INSERT INTO {table.QualifiedName} ({Names(table)}) VALUES ({values}) ON CONFLICT DO NOTHING");
        foreach (var column in table.Columns)
        {
            command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = column.Type, Value = column.Value(single) ?? DBNull.Value });
        }

        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Names<TEvent>(EventTable<TEvent> table) => string.Join(", ", table.Columns.Select(column => column.Name));

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
