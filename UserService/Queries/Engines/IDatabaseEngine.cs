using System.Data.Common;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using McpPlatform.UserService.Queries.Sql;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>What differs between the kinds of database.</summary>
internal interface IDatabaseEngine
{
    DatabaseType Type { get; }

    /// <summary>
    /// Opens a connection of its own, from no pool, to this address and to no other: whatever the name in the target answers by now is not asked.
    /// </summary>
    /// <exception cref="ConnectFailedException">It says in one sentence why not.</exception>
    Task<IDatabaseSession> OpenAsync(ConnectionTarget target, IPAddress address, CancellationToken cancellationToken);

    /// <summary>Reads a statement and decides whether this kind of database may be given it.</summary>
    /// <exception cref="StatementRefusedException">It may not.</exception>
    Statement Screen(string sql, bool mayWrite);

    /// <summary>How the place of the value with this number, from 1, is written.</summary>
    string Place(int number);
}

/// <summary>
/// One open connection, for one statement. It is closed when disposed of, and everything that was set in it is gone. What goes wrong is a
/// <see cref="StatementRefusedException"/>, a <see cref="QueryFailedException"/> or an <see cref="OperationCanceledException"/>.
/// </summary>
internal interface IDatabaseSession : IAsyncDisposable
{
    /// <summary>Such as <c>PostgreSQL 15.18</c>.</summary>
    string ServerVersion { get; }

    /// <summary>Begins a transaction, read-only unless the statement writes, sets its limits, and runs the statement in it.</summary>
    /// <param name="statement">What was screened and bound.</param>
    /// <param name="maxCell">The most characters of one value: a longer one is cut later, so the server need not send it whole.</param>
    /// <param name="timeout">After this the server itself ends the statement.</param>
    /// <param name="cancellationToken">Ends the statement at the server too.</param>
    Task<IResultRows> RunAsync(BoundStatement statement, int maxCell, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Begins a read-only transaction with its limits, for what this service itself asks of the database's catalogue.</summary>
    /// <param name="timeout">After this the server itself ends a statement.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<DbConnection> BeginReadingAsync(TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>What the driver threw, as it is told; null for what is none of its business.</summary>
    QueryFailedException? Translate(Exception exception);

    /// <summary>Ends the transaction: what a statement that writes has changed is kept, everything else is rolled back.</summary>
    Task FinishAsync(bool commit, CancellationToken cancellationToken);
}

/// <summary>A column of a result.</summary>
/// <param name="Name">As the statement or the database names it.</param>
/// <param name="Type">The database's own name of its type.</param>
internal sealed record ResultColumn(string Name, string Type);

/// <summary>Where values are cut.</summary>
/// <param name="MaxCell">The most characters of one value.</param>
/// <param name="MaxBytes">The most bytes of all values together.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CellLimits(int MaxCell, long MaxBytes)
{
    /// <summary>How many characters the next value may have.</summary>
    public int Next(Utf8JsonWriter json) => (int)Math.Clamp(MaxBytes - json.BytesCommitted - json.BytesPending, 0, MaxCell);
}

/// <summary>The rows of a result, read as they are asked for.</summary>
internal interface IResultRows : IAsyncDisposable
{
    IReadOnlyList<ResultColumn> Columns { get; }

    /// <summary>How many rows a statement that writes has changed; known at the end.</summary>
    int Changed { get; }

    Task<bool> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Writes the current row as a JSON array.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="limits">Where a long text, or a long row, is cut.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False when something was cut.</returns>
    Task<bool> WriteRowAsync(Utf8JsonWriter json, CellLimits limits, CancellationToken cancellationToken);

    /// <summary>Ends a result of which no more is wanted, at the server too; what the statement did is lost, unless it was committed before.</summary>
    Task CancelAsync();
}
