using System.Diagnostics;
using System.Text.Json;
using McpPlatform.UserService.Queries.Engines;
using McpPlatform.UserService.Queries.Sql;

namespace McpPlatform.UserService.Queries;

/// <summary>What is asked of a database.</summary>
internal sealed record QueryOrder(Statement Statement, JsonElement? Parameters, int MaxRows, CellLimits Limits, TimeSpan Timeout);

/// <summary>What came of it.</summary>
internal sealed record QuerySummary(long RowCount, bool Truncated, long ElapsedMs);

/// <summary>Where rows go.</summary>
internal interface IRowSink
{
    /// <summary>How many bytes there are so far.</summary>
    long Written { get; }

    /// <summary>Before the first row, once the database has taken the statement.</summary>
    Task BeginAsync(IReadOnlyList<ResultColumn> columns, CancellationToken cancellationToken);

    /// <summary>For one row; the sink's writer is told where.</summary>
    Task RowAsync(Func<Utf8JsonWriter, Task> write, CancellationToken cancellationToken);
}

/// <summary>Opens a connection, runs one statement, closes the connection.</summary>
internal sealed class QueryRunner(ProfileConnector connector)
{
    // The server ends the statement itself; this is for one that does not, and for rows that come slowly.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    /// <exception cref="ConnectFailedException">There is no connection.</exception>
    /// <exception cref="StatementRefusedException">The statement may not be run.</exception>
    /// <exception cref="QueryFailedException">It did not succeed.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits for it any more.</exception>
    public async Task<QuerySummary> RunAsync(ConnectionTarget target, QueryOrder order, IRowSink sink, CancellationToken cancellationToken)
    {
        var statement = StatementParameters.Bind(order.Statement, order.Parameters, connector.EngineOf(target.Type).Place);
        await using var session = await connector.OpenAsync(target, cancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(order.Timeout + Grace);
        try
        {
            return await RunAsync(session, statement, order, sink, patience.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or QueryFailedException
            && patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw QueryFailedException.TimedOut(exception);
        }
    }

    private static async Task<QuerySummary> RunAsync(
        IDatabaseSession session, BoundStatement statement, QueryOrder order, IRowSink sink, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var (count, truncated, stopped, changed) = (0L, false, false, 0);
        await using (var rows = await session.RunAsync(statement, order.Limits.MaxCell, order.Timeout, cancellationToken))
        {
            try
            {
                (count, truncated, stopped) = await ReadAsync(rows, order, sink, cancellationToken);
            }
            catch (Exception exception) when (exception is not QueryFailedException)
            {
                // Between two rows the driver knows nothing of this, and reads to its end what it closes, however long that is.
                await rows.CancelAsync();
                throw;
            }

            if (stopped && !statement.Statement.Writes)
            {
                await rows.CancelAsync();
            }

            changed = rows.Changed;
        }

        await session.FinishAsync(commit: statement.Statement.Writes, cancellationToken);
        return new(count == 0 && statement.Statement.Writes ? changed : count, truncated, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    private static async Task<(long Count, bool Truncated, bool Stopped)> ReadAsync(IResultRows rows, QueryOrder order, IRowSink sink, CancellationToken cancellationToken)
    {
        var (count, truncated) = (0L, false);
        await sink.BeginAsync(rows.Columns, cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            if (count == order.MaxRows || sink.Written >= order.Limits.MaxBytes)
            {
                return (count, true, true);
            }

            await sink.RowAsync(
                async json =>
                {
                    var limits = order.Limits with { MaxBytes = order.Limits.MaxBytes - sink.Written + json.BytesCommitted + json.BytesPending };
                    truncated |= !await rows.WriteRowAsync(json, limits, cancellationToken);
                },
                cancellationToken);
            count++;
        }

        return (count, truncated, false);
    }
}
