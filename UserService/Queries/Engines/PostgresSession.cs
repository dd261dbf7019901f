using System.Data.Common;
using System.Text.Json;
using McpPlatform.UserService.Queries.Sql;
using Npgsql;
using Npgsql.Schema;
using NpgsqlTypes;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>One connection to PostgreSQL.</summary>
internal sealed class PostgresSession(NpgsqlDataSource source, NpgsqlConnection connection) : IDatabaseSession
{
    public string ServerVersion => $"PostgreSQL {connection.PostgreSqlVersion}";

    public async Task<IResultRows> RunAsync(BoundStatement statement, int maxCell, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await BeginAsync(statement.Statement, timeout, cancellationToken);
            var command = Command(statement, timeout);
            var columns = await DescribeAsync(command, cancellationToken);
            var reader = await command.ExecuteReaderAsync(System.Data.CommandBehavior.SequentialAccess, cancellationToken);
            return new PostgresRows(command, reader, columns);
        }
        catch (Exception exception) when (PostgresErrors.Translate(exception) is not null)
        {
            throw PostgresErrors.Translate(exception)!;
        }
    }

    public async Task<DbConnection> BeginReadingAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        await BeginAsync(statement: null, timeout, cancellationToken);
        return connection;
    }

    public QueryFailedException? Translate(Exception exception) => PostgresErrors.Translate(exception);

    public async Task FinishAsync(bool commit, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new NpgsqlCommand(commit ? "COMMIT" : "ROLLBACK", connection) { CommandTimeout = 5 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception exception) when (PostgresErrors.Translate(exception) is not null)
        {
            throw PostgresErrors.Translate(exception)!;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await source.DisposeAsync();
    }

    /// <summary>A transaction with its limits. What is set ends with it, and the connection with the request.</summary>
    private async Task BeginAsync(Statement? statement, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var milliseconds = (long)timeout.TotalMilliseconds;
        await using var batch = new NpgsqlBatch(connection) { Timeout = 10 };
        string[] settings =
        [
            statement is { Writes: true } ? "START TRANSACTION READ WRITE" : "START TRANSACTION READ ONLY",
            $"SET LOCAL statement_timeout = {milliseconds}",
            $"SET LOCAL lock_timeout = {Math.Min(milliseconds, 5000)}",
            $"SET LOCAL idle_in_transaction_session_timeout = {milliseconds + 5000}",
            "SET LOCAL standard_conforming_strings = on", // the screen has read the strings this way
            "SET LOCAL datestyle = 'ISO'", "SET LOCAL intervalstyle = 'iso_8601'", "SET LOCAL bytea_output = 'hex'", "SET LOCAL extra_float_digits = 1",
        ];
        foreach (var setting in settings)
        {
            batch.BatchCommands.Add(new(setting));
        }

        // What this service itself asks is meant in the server's own words, whatever a database or a role has put before them in its search path.
        batch.BatchCommands.Add(new("SET LOCAL search_path = pg_catalog"));
        if (statement is not null)
        {
            batch.BatchCommands.Add(PostgresFunctions.Check(statement));
            batch.BatchCommands.Add(new("SET LOCAL search_path TO DEFAULT"));
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (statement is not null && await reader.ReadAsync(cancellationToken))
        {
            throw PostgresFunctions.Refusal(reader.GetString(0));
        }
    }

    // Every value goes as text of no type, so that the server takes it for what its place asks for; every column comes as text, which each type has.
    private NpgsqlCommand Command(BoundStatement statement, TimeSpan timeout)
    {
        var command = new NpgsqlCommand(statement.Text, connection) { AllResultTypesAreUnknown = true, CommandTimeout = (int)timeout.TotalSeconds + 5 };
        foreach (var value in statement.Values)
        {
            command.Parameters.Add(new() { NpgsqlDbType = NpgsqlDbType.Unknown, Value = (object?)PostgresText.Parameter(value) ?? DBNull.Value });
        }

        return command;
    }

    private async Task<IReadOnlyList<PostgresColumn>> DescribeAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<(string Name, uint Type)> fields = [];
        await using (var reader = await command.ExecuteReaderAsync(System.Data.CommandBehavior.SchemaOnly, cancellationToken))
        {
            foreach (var column in await reader.GetColumnSchemaAsync(cancellationToken))
            {
                fields.Add((column.ColumnName, ((NpgsqlDbColumn)column).TypeOID));
            }
        }

        return await PostgresColumn.ResolveAsync(connection, fields, cancellationToken);
    }
}
