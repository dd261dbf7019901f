using McpPlatform.AnalyticsService.Rejected;
using Microsoft.Extensions.Options;
using Npgsql;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>Makes the partitions of the coming days and drops those whose retention is over: at the start and every hour, in one replica at a time.</summary>
internal sealed partial class KeepPartitions(
    NpgsqlDataSource source, Partitions partitions, RejectedEvents rejected, IEnumerable<EventTable> tables, IOptions<RetentionOptions> retention, TimeProvider time, ILogger<KeepPartitions> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(30);

    /// <summary>Does it once; nothing when another replica is at it.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        // The lock of a transaction ends however this method ends; that of a session would live on in the pool with its connection.
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Replicas take turns: what one has done costs the next a look.
        await using var command = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended('analytics.keep_partitions', 0))", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);

        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        foreach (var table in tables)
        {
            await partitions.EnsureAsync(table, [.. Enumerable.Range(-1, Partitions.DaysAhead + 2).Select(today.AddDays)], cancellationToken);
            await partitions.DropBeforeAsync(table, today.AddDays(-table.RetentionDays(retention.Value)), cancellationToken);
        }

        await rejected.PruneAsync(retention.Value.RejectedEventDays, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var delay = Interval;
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                // The database is away; events make the partitions that they need themselves.
                LogFailed(exception);
                delay = RetryDelay;
            }

            await Task.Delay(delay, time, stoppingToken);
        }
    }

    [LoggerMessage(4005, LogLevel.Warning, "The partitions could not be looked after; tried again in 30 seconds")]
    private partial void LogFailed(Exception exception);
}
