using System.Data.Common;
using System.Globalization;
using McpPlatform.UserService.Queries.Engines;

namespace McpPlatform.UserService.Queries.Schema;

/// <summary>Which tables.</summary>
/// <param name="Schema">Of this schema; MySQL calls it a database.</param>
/// <param name="Table">Of this name.</param>
/// <param name="Search">With this in the name, in any case.</param>
/// <param name="After">After this one, in the order of the answer.</param>
/// <param name="Limit">At most so many.</param>
internal sealed record SchemaOrder(string? Schema, string? Table, string? Search, (string Schema, string Table)? After, int Limit);

/// <summary>Asks a database what there is in it, within the same limits as any query.</summary>
internal sealed class SchemaReader(ProfileConnector connector)
{
    /// <summary>The most columns of one answer, and the most parts of keys and of indexes: after the table that has the last of them the page ends.</summary>
    public const int MaxColumns = 20_000;

    /// <returns>The tables by schema and name, one more than the page has when there are more.</returns>
    /// <inheritdoc cref="QueryRunner.RunAsync"/>
    public async Task<(IReadOnlyList<TableDescription> Tables, int Page)> ReadAsync(ConnectionTarget target, SchemaOrder order, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await using var session = await connector.OpenAsync(target, cancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        try
        {
            var connection = await session.BeginReadingAsync(timeout, patience.Token);
            var queries = SchemaQueries.Of(target.Type);
            Dictionary<(string, string), TableDescription> tables = [];
            var (columns, page) = (0, order.Limit);
            await foreach (var row in RowsAsync(connection, queries.Columns, order, patience.Token))
            {
                if (++columns > MaxColumns && !tables.ContainsKey((row.GetString(0), row.GetString(1))))
                {
                    // It tells only that there is more.
                    page = Math.Min(page, tables.Count);
                    AddColumn(tables, row);
                    break;
                }

                AddColumn(tables, row);
            }

            await foreach (var row in RowsAsync(connection, queries.ForeignKeys, order, patience.Token))
            {
                AddForeignKey(tables, row);
            }

            await foreach (var row in RowsAsync(connection, queries.Indexes, order, patience.Token))
            {
                AddIndex(tables, row);
            }

            await session.FinishAsync(commit: false, patience.Token);
            return ([.. tables.Values], page);
        }
        catch (Exception exception) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw QueryFailedException.TimedOut(exception);
        }
        catch (Exception exception) when (session.Translate(exception) is not null)
        {
            throw session.Translate(exception)!;
        }
    }

    private static async IAsyncEnumerable<DbDataReader> RowsAsync(
        DbConnection connection, string query, SchemaOrder order, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = query;
        command.CommandTimeout = 30;
        Bind(command, "schema", order.Schema);
        Bind(command, "name", order.Table);
        Bind(command, "search", order.Search?.ToLowerInvariant());
        Bind(command, "after_schema", order.After?.Schema);
        Bind(command, "after_name", order.After?.Table);
        Bind(command, "most", order.Limit + 1);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);

        // However many a server sends.
        for (var rows = 0; rows < 2 * MaxColumns && await reader.ReadAsync(cancellationToken); rows++)
        {
            yield return reader;
        }
    }

    private static void Bind(DbCommand command, string name, object? value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("@" + name, value ?? DBNull.Value);
        parameter.DbType = value is int ? System.Data.DbType.Int32 : System.Data.DbType.String;
        command.Parameters.Add(parameter);
    }

    private static void AddColumn(Dictionary<(string, string), TableDescription> tables, DbDataReader row)
    {
        var key = (row.GetString(0), row.GetString(1));
        if (!tables.TryGetValue(key, out var table))
        {
            tables[key] = table = new(key.Item1, key.Item2, row.GetString(2), Text(row, 3), [], [], [], []);
        }

        if (Text(row, 4) is { } name)
        {
            table.Columns.Add(new(name, row.GetString(5), IsTrue(row, 6), Text(row, 7), Text(row, 8)));
            if (!row.IsDBNull(9))
            {
                table.PrimaryKeyPlaces.Add((Convert.ToInt32(row.GetValue(9), CultureInfo.InvariantCulture), name));
            }
        }
    }

    private static void AddForeignKey(Dictionary<(string, string), TableDescription> tables, DbDataReader row)
    {
        if (tables.TryGetValue((row.GetString(0), row.GetString(1)), out var table))
        {
            var key = table.ForeignKeys.Find(key => key.Name == row.GetString(2));
            if (key is null)
            {
                table.ForeignKeys.Add(key = new(row.GetString(2), [], new(row.GetString(4), row.GetString(5), [])));
            }

            key.Columns.Add(row.GetString(3));
            key.References.Columns.Add(row.GetString(6));
        }
    }

    private static void AddIndex(Dictionary<(string, string), TableDescription> tables, DbDataReader row)
    {
        if (tables.TryGetValue((row.GetString(0), row.GetString(1)), out var table))
        {
            var index = table.Indexes.Find(index => index.Name == row.GetString(2));
            if (index is null)
            {
                table.Indexes.Add(index = new(row.GetString(2), IsTrue(row, 3), []));
            }

            index.Columns.Add(row.GetString(4));
        }
    }

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static bool IsTrue(DbDataReader row, int column) => !row.IsDBNull(column) && Convert.ToBoolean(row.GetValue(column), CultureInfo.InvariantCulture);
}
