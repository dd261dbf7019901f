using System.Collections.Concurrent;
using System.Globalization;
using McpPlatform.AnalyticsService.Data;
using Npgsql;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>One partition per table and UTC day, such as <c>request_logs_p20261123</c>.</summary>
internal sealed partial class Partitions(NpgsqlDataSource source, ILogger<Partitions> logger)
{
    /// <summary>How many days ahead partitions are made, and how wrong a publisher's clock may be.</summary>
    public const int DaysAhead = 7;

    private const string DayFormat = "yyyyMMdd";
    private const int DropAttempts = 10;
    private static readonly TimeSpan DropRetryDelay = TimeSpan.FromMilliseconds(200);
    private readonly ConcurrentDictionary<(string Table, DateOnly Day), bool> known = new();

    /// <summary>Makes the partitions of these days where they are missing.</summary>
    public async Task EnsureAsync(EventTable table, IReadOnlyList<DateOnly> days, CancellationToken cancellationToken)
    {
        var unknown = days.Where(day => !known.ContainsKey((table.Name, day))).ToList();
        if (unknown.Count == 0)
        {
            return;
        }

        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock(hashtextextended('{table.QualifiedName}.partitions', 0))", cancellationToken);
        var existing = await ListAsync(connection, table, cancellationToken);
        foreach (var day in unknown.Except(existing))
        {
            // CREATE TABLE … PARTITION OF would lock the table against all reading and writing; to attach a finished table does not.
            await ExecuteAsync(
                connection,
                $"""
                CREATE TABLE {NameOf(table, day)} (LIKE {table.QualifiedName} INCLUDING ALL);
                ALTER TABLE {table.QualifiedName} ATTACH PARTITION {NameOf(table, day)} FOR VALUES FROM ('{day:yyyy-MM-dd} 00:00:00+00') TO ('{day.AddDays(1):yyyy-MM-dd} 00:00:00+00')
                """,
                cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        unknown.ForEach(day => known[(table.Name, day)] = true);
    }

    /// <summary>Drops the partitions of all days before this one.</summary>
    public async Task DropBeforeAsync(EventTable table, DateOnly firstKept, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        foreach (var day in (await ListAsync(connection, table, cancellationToken)).Where(day => day < firstKept).Order())
        {
            known.TryRemove((table.Name, day), out _);
            if (await TryDropAsync(connection, NameOf(table, day), cancellationToken))
            {
                LogDropped(NameOf(table, day));
            }
            else
            {
                LogBusy(NameOf(table, day));
            }
        }
    }

    /// <summary>Looks again at what exists.</summary>
    public void Forget() => known.Clear();

    // The drop locks the whole table for a moment, and whoever comes while it waits for that lock waits too: so it waits only briefly, and comes again.
    private static async Task<bool> TryDropAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < DropAttempts; attempt++)
        {
            try
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await ExecuteAsync(connection, $"SET LOCAL lock_timeout = '100ms'; DROP TABLE IF EXISTS {name}", cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return true;
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await Task.Delay(DropRetryDelay, cancellationToken);
            }
        }

        return false;
    }

    private static async Task<HashSet<DateOnly>> ListAsync(NpgsqlConnection connection, EventTable table, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::regclass", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = table.QualifiedName, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        HashSet<DateOnly> days = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            if (DateOnly.TryParseExact(reader.GetString(0)[^DayFormat.Length..], DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                days.Add(day);
            }
        }

        return days;
    }

    private static string NameOf(EventTable table, DateOnly day) =>
        $"{AnalyticsDbContext.Schema}.{table.Name}_p{day.ToString(DayFormat, CultureInfo.InvariantCulture)}";

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(4003, LogLevel.Information, "Dropped {Partition}: its retention is over")]
    private partial void LogDropped(string partition);

    [LoggerMessage(4004, LogLevel.Warning, "{Partition} is in use and could not be dropped; tried again in an hour")]
    private partial void LogBusy(string partition);
}
