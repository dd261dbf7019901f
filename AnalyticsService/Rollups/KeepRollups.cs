using McpPlatform.AnalyticsService.Events;
using Microsoft.Extensions.Options;
using Npgsql;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>
/// Counts minutes, hours and days anew that were marked and are over, every few seconds, in one replica at a time. What was counted replaces what was there, in the transaction that takes
/// the marks away: a crash repeats the work, and an event that comes late is in the figures like any other.
/// </summary>
internal sealed partial class KeepRollups(
    NpgsqlDataSource source, IEnumerable<EventTable> tables, IOptions<RetentionOptions> retention, TimeProvider time, ILogger<KeepRollups> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5), PruneInterval = TimeSpan.FromHours(1), Patience = TimeSpan.FromMinutes(5);
    private DateTimeOffset pruned;

    /// <summary>Counts until there is nothing left to count.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var table in tables)
        {
            foreach (var grain in Grains.All.Reverse())
            {
                var steps = 0;
                while (await CountAsync(table, grain, cancellationToken))
                {
                    steps++;
                }

                // After much work, as at the first start, the planner does not know yet what it has to do with.
                if (steps > 1)
                {
                    await using var analyze = source.CreateCommand($"ANALYZE {RollupSql.Rollups}");
                    await analyze.ExecuteNonQueryAsync(cancellationToken);
                }
            }
        }

        if (time.GetUtcNow() - pruned > PruneInterval)
        {
            await PruneAsync(cancellationToken);
            pruned = time.GetUtcNow();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                LogFailed(exception);
            }
        }
    }

    /// <summary>Counts some ranges of one table.</summary>
    /// <returns>Whether there were any.</returns>
    private async Task<bool> CountAsync(EventTable table, Grain grain, CancellationToken cancellationToken)
    {
        var kept = table.KeptFrom(retention.Value, time.GetUtcNow());
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var locking = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock(hashtextextended('analytics.keep_rollups', 0))", connection))
        {
            if (!(bool)(await locking.ExecuteScalarAsync(cancellationToken))!)
            {
                return false;
            }
        }

        await RollupSql.PrepareAsync(connection, cancellationToken);
        var buckets = await RollupMarks.TakeAsync(connection, table.Name, grain, time.GetUtcNow(), cancellationToken);
        if (buckets.Count == 0)
        {
            return false;
        }

        // Of what lies before the minutes that are kept, hours are counted from rows.
        var wanted = buckets.Where(bucket => bucket >= kept.Of(grain)).ToList();
        foreach (var counted in RollupSources.Of(table.Name))
        {
            await ReplaceAsync(connection, counted, grain, [.. wanted.Where(bucket => grain == Grain.Minute || (grain == Grain.Hour && bucket < kept.Minutes))], RollupSql.Count(counted, counted.Dimensions, RollupSql.Windows()), cancellationToken);
            if (grain != Grain.Minute)
            {
                await ReplaceAsync(connection, counted, grain, [.. wanted.Where(bucket => grain == Grain.Day || bucket >= kept.Minutes)], RollupSql.Merge(counted, grain - 1), cancellationToken);
            }
        }

        if (grain != Grain.Day)
        {
            await RollupMarks.AddAsync(connection, table.Name, grain + 1, buckets.Where(bucket => bucket >= kept.Of(grain + 1)), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static async Task ReplaceAsync(NpgsqlConnection connection, RollupSource counted, Grain grain, IReadOnlyList<DateTimeOffset> buckets, string rows, CancellationToken cancellationToken)
    {
        if (buckets.Count == 0)
        {
            return;
        }

        foreach (var sql in new[] { RollupSql.Delete(counted, grain), RollupSql.Insert(counted, grain, rows) })
        {
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)Patience.TotalSeconds };
            command.Parameters.Add(RollupMarks.Times(buckets));
            command.Parameters.Add(RollupMarks.Times(buckets.Select(bucket => bucket + grain.Length())));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private async Task PruneAsync(CancellationToken cancellationToken)
    {
        // A day longer than anybody reads: a query may have begun before midnight.
        var today = new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero).AddDays(-1);
        var days = new Dictionary<Grain, int> { [Grain.Minute] = retention.Value.MinuteRollupDays, [Grain.Hour] = retention.Value.HourRollupDays, [Grain.Day] = retention.Value.DayRollupDays };
        foreach (var grain in Grains.All)
        {
            foreach (var counted in RollupSources.All)
            {
                await using var command = source.CreateCommand(RollupSql.Prune(counted, grain));
                command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = today.AddDays(-days[grain]) });
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
        }
    }

    [LoggerMessage(4007, LogLevel.Warning, "The figures of minutes, hours and days could not be brought up to date; tried again in 5 seconds")]
    private partial void LogFailed(Exception exception);
}
