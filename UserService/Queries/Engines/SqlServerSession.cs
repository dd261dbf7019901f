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
    // The server itself cuts longer values; the screen has read quotes this way; a failure ends the transaction.
    private const string Begin =
        "SET XACT_ABORT ON; SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET TEXTSIZE 4194304; SET LOCK_TIMEOUT 5000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET IMPLICIT_TRANSACTIONS OFF; BEGIN TRANSACTION;";

    public string ServerVersion => $"SQL Server {connection.ServerVersion}";

    public async Task<IResultRows> RunAsync(BoundStatement statement, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await BeginAsync(cancellationToken);
            var command = new SqlCommand(statement.Text, connection) { CommandTimeout = Math.Max(1, (int)Math.Ceiling(timeout.TotalSeconds)) };
            for (var i = 0; i < statement.Values.Count; i++)
            {
                command.Parameters.AddWithValue($"@p{i + 1}", ClrCells.Parameter(statement.Values[i]));
            }

            return new SqlServerRows(command, await command.ExecuteReaderAsync(cancellationToken), stops: !statement.Statement.Writes);
        }
        catch (Exception exception) when (SqlServerErrors.Translate(exception) is not null)
        {
            throw SqlServerErrors.Translate(exception)!;
        }
    }

    public async Task<DbConnection> BeginReadingAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken);
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

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        await using var command = new SqlCommand(Begin, connection) { CommandTimeout = 5 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
