using System.Data.Common;
using System.Globalization;
using McpPlatform.UserService.Queries.Sql;
using MySqlConnector;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>One connection to MySQL or MariaDB.</summary>
internal sealed class MySqlSession(MySqlConnection connection) : IDatabaseSession
{
    // How the screen has read the statement: no ANSI_QUOTES, backslashes escape, and a built-in function's name is never that of a stored one (IGNORE_SPACE).
    private const string SqlMode = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,IGNORE_SPACE";

    public string ServerVersion => IsMariaDb ? $"MariaDB {connection.ServerVersion}" : $"MySQL {connection.ServerVersion}";

    private bool IsMariaDb => connection.ServerVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase);

    public async Task<IResultRows> RunAsync(BoundStatement statement, int maxCell, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (string.Equals(connection.Database, "mysql", StringComparison.OrdinalIgnoreCase))
        {
            throw new StatementRefusedException("The schema mysql may not be used here.");
        }

        try
        {
            await BeginAsync(statement.Statement.Writes, timeout, cancellationToken);
            await RefuseStoredFunctionsAsync(MySqlCalls.Of(statement.Statement), cancellationToken);
            var command = new MySqlCommand(statement.Text, connection) { CommandTimeout = (int)timeout.TotalSeconds + 5 };
            for (var i = 0; i < statement.Values.Count; i++)
            {
                command.Parameters.AddWithValue($"@p{i + 1}", ClrCells.Parameter(statement.Values[i]));
            }

            // Prepared at the server, which takes one statement and keeps values apart from it.
            await command.PrepareAsync(cancellationToken);
            return new MySqlRows(command, await command.ExecuteReaderAsync(cancellationToken));
        }
        catch (Exception exception) when (MySqlErrors.Translate(exception) is not null)
        {
            throw MySqlErrors.Translate(exception)!;
        }
    }

    public async Task<DbConnection> BeginReadingAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        await BeginAsync(writes: false, timeout, cancellationToken);
        return connection;
    }

    public QueryFailedException? Translate(Exception exception) => MySqlErrors.Translate(exception);

    public async Task FinishAsync(bool commit, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new MySqlCommand(commit ? "COMMIT" : "ROLLBACK", connection) { CommandTimeout = 5 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception exception) when (MySqlErrors.Translate(exception) is not null)
        {
            throw MySqlErrors.Translate(exception)!;
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    /// <summary>A transaction with its limits; the connection, and all that is set here, ends with the request.</summary>
    private async Task BeginAsync(bool writes, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(timeout.TotalSeconds));
        var limit = IsMariaDb
            ? $"max_statement_time = {timeout.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture)}"
            : $"max_execution_time = {(long)timeout.TotalMilliseconds}";
        string[] settings =
        [
            $"SET SESSION sql_mode = '{SqlMode}', SESSION time_zone = '+00:00', SESSION lock_wait_timeout = {Math.Min(seconds, 5)}, SESSION innodb_lock_wait_timeout = {Math.Min(seconds, 5)}, SESSION wait_timeout = {seconds + 5}, SESSION {limit}",
            writes ? "START TRANSACTION READ WRITE" : "START TRANSACTION READ ONLY",
        ];
        foreach (var setting in settings)
        {
            await using var command = new MySqlCommand(setting, connection) { CommandTimeout = 5 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    // What the screen lists as built in may be missing from this server's version, and then the name is free for a function of the database's own.
    private async Task RefuseStoredFunctionsAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        if (names.Count == 0)
        {
            return;
        }

        await using var command = new MySqlCommand { Connection = connection, CommandTimeout = 5 };
        for (var i = 0; i < names.Count; i++)
        {
            command.Parameters.AddWithValue($"@n{i}", names[i]);
        }

        command.CommandText = $"SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_NAME IN ({string.Join(", ", names.Select((_, i) => $"@n{i}"))}) LIMIT 1";
        if (await command.ExecuteScalarAsync(cancellationToken) is string name)
        {
            throw new StatementRefusedException($"{name} may not be called: it is a function of the database's own.");
        }
    }
}
