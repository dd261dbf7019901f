using System.Data.Common;
using McpPlatform.UserService.Queries.Sql;
using Microsoft.Data.SqlClient;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>
/// One connection to SQL Server. It knows no read-only transactions and no time limit of a statement: what reads is rolled back, and the driver tells the server to stop
/// when the time is up.
/// </summary>
internal sealed class SqlServerSession(SqlConnection connection) : IDatabaseSession
{
    // A failure ends the transaction; the screen has read quotes this way; changed rows are counted, whatever the server's own settings are.
    private const string Begin =
        "SET XACT_ABORT ON; SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET NOCOUNT OFF; SET LOCK_TIMEOUT 5000; SET IMPLICIT_TRANSACTIONS OFF; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRANSACTION;";

    // Of what the platform asks itself, no text is longer.
    private const int MaxDescription = 8000;

    public string ServerVersion => $"SQL Server {connection.ServerVersion}";

    public async Task<IResultRows> RunAsync(BoundStatement statement, int maxCell, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (statement.Statement.Writes && SqlServerNames.IsSystemDatabase(connection.Database))
        {
            throw new StatementRefusedException($"The database {connection.Database} may not be written to here.");
        }

        try
        {
            await BeginAsync(maxCell, cancellationToken);

            // MERGE must end with a semicolon.
            var command = new SqlCommand(statement.Text + ";", connection) { CommandTimeout = Math.Max(1, (int)Math.Ceiling(timeout.TotalSeconds)) };
            for (var i = 0; i < statement.Values.Count; i++)
            {
                command.Parameters.AddWithValue($"@p{i + 1}", ClrCells.Parameter(statement.Values[i]));
            }

            return new SqlServerRows(command, await command.ExecuteReaderAsync(cancellationToken));
        }
        catch (Exception exception) when (SqlServerErrors.Translate(exception) is not null)
        {
            throw SqlServerErrors.Translate(exception)!;
        }
    }

    public async Task<DbConnection> BeginReadingAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        await BeginAsync(MaxDescription, cancellationToken);
        return connection;
    }

    public QueryFailedException? Translate(Exception exception) => SqlServerErrors.Translate(exception);

    public async Task FinishAsync(bool commit, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = new SqlCommand(commit ? "COMMIT TRANSACTION" : "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION", connection) { CommandTimeout = 5 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception exception) when (SqlServerErrors.Translate(exception) is not null)
        {
            throw SqlServerErrors.Translate(exception)!;
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    /// <summary>A transaction with its limits; the connection, and all that is set here, ends with the request.</summary>
    private async Task BeginAsync(int maxCell, CancellationToken cancellationToken)
    {
        // In bytes, of which a character has two: a value that is cut by the server is still longer than the limit, so that the cut is seen.
        await using var command = new SqlCommand($"SET TEXTSIZE {(2L * maxCell) + 4}; {Begin}", connection) { CommandTimeout = 5 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
