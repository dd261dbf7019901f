using McpPlatform.AnalyticsService.Telemetry;
using Microsoft.Extensions.Options;
using Npgsql;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>
/// Writes events, each once however often it comes: its id and time are the key. What has returned is committed, so a message that is acknowledged
/// after it is never lost.
/// </summary>
internal sealed partial class EventStore(
    NpgsqlDataSource source, Partitions partitions, IOptions<RetentionOptions> retention, AnalyticsTelemetry telemetry, TimeProvider time, ILogger<EventStore> logger)
{
    /// <summary>Stores what travelled in one message. An event that cannot be stored is left out, logged and counted.</summary>
    /// <returns>How many have a value that cannot be stored.</returns>
    public async Task<int> StoreBatchAsync<TEvent>(EventTable<TEvent> table, IReadOnlyList<TEvent> events, CancellationToken cancellationToken)
        where TEvent : class
    {
        using var activity = AnalyticsTelemetry.StartStoring(table.Name, events.Count);
        var batch = events.Where(x => x is not null && IsKept(table, x)).ToList();
        if (batch.Count < events.Count)
        {
            telemetry.LeftOut(table.Name, events.Count - batch.Count);
            LogOutOfRange(events.Count - batch.Count, table.Name);
        }

        if (batch.Count == 0)
        {
            return 0;
        }

        await partitions.EnsureAsync(table, [.. batch.Select(table.DayOf).Distinct()], cancellationToken);
        int stored, broken = 0;
        try
        {
            stored = await Guarded(EventWriter.WriteAsync(source, table, batch, cancellationToken));
        }
        catch (PostgresException exception) when (IsBrokenValue(exception))
        {
            (stored, broken) = await StoreOneByOneAsync(table, batch, cancellationToken);
        }

        telemetry.Stored(table.Name, batch.Count, stored, time.GetUtcNow() - batch.Min(table.OccurredAt));
        return broken;
    }

    /// <summary>Stores facts that travelled in one message.</summary>
    /// <exception cref="InvalidDataException">Some cannot be stored, the others are: the message belongs before an operator's eyes.</exception>
    public async Task StoreAllAsync<TEvent>(EventTable<TEvent> table, IReadOnlyList<TEvent> facts, CancellationToken cancellationToken)
        where TEvent : class
    {
        var refused = await StoreBatchAsync(table, facts, cancellationToken) + facts.Count(fact => LiesAhead(table, fact));
        if (refused > 0)
        {
            throw new InvalidDataException($"{refused} of {facts.Count} facts cannot be stored: a value is broken, or the time lies more than {Partitions.DaysAhead} days ahead. The others are stored.");
        }
    }

    /// <summary>Stores a fact.</summary>
    /// <exception cref="InvalidDataException">Its time lies so far ahead that it cannot be right: the message belongs before an operator's eyes.</exception>
    public async Task StoreAsync<TEvent>(EventTable<TEvent> table, TEvent fact, CancellationToken cancellationToken)
    {
        using var activity = AnalyticsTelemetry.StartStoring(table.Name, 1);
        if (!IsKept(table, fact))
        {
            if (LiesAhead(table, fact))
            {
                throw new InvalidDataException($"The event's time is {table.OccurredAt(fact):O}, but may lie at most {Partitions.DaysAhead} days ahead.");
            }

            telemetry.LeftOut(table.Name, 1);
            return;
        }

        await partitions.EnsureAsync(table, [table.DayOf(fact)], cancellationToken);
        var stored = await Guarded(EventWriter.WriteAsync(source, table, fact, cancellationToken));
        telemetry.Stored(table.Name, 1, stored, time.GetUtcNow() - table.OccurredAt(fact));
    }

    private async Task<(int Stored, int Broken)> StoreOneByOneAsync<TEvent>(EventTable<TEvent> table, List<TEvent> batch, CancellationToken cancellationToken)
    {
        var (stored, broken) = (0, 0);
        foreach (var single in batch)
        {
            try
            {
                stored += await EventWriter.WriteAsync(source, table, single, cancellationToken);
            }
            catch (PostgresException exception) when (IsBrokenValue(exception))
            {
                broken++;
                telemetry.LeftOut(table.Name, 1);
                LogBroken(table.Name, exception);
            }
        }

        return (stored, broken);
    }

    // What is older than the retention would be dropped within the hour; what is far ahead comes from a wrong clock, and its partition would stay for years.
    private bool IsKept<TEvent>(EventTable<TEvent> table, TEvent single)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var day = table.DayOf(single);
        return day >= today.AddDays(-table.RetentionDays(retention.Value)) && day <= today.AddDays(Partitions.DaysAhead);
    }

    private bool LiesAhead<TEvent>(EventTable<TEvent> table, TEvent fact) => !IsKept(table, fact) && table.OccurredAt(fact) > time.GetUtcNow();

    private async Task<int> Guarded(Task<int> write)
    {
        try
        {
            return await write;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.CheckViolation)
        {
            // "No partition found for row": somebody dropped one that we knew. The message comes again and finds it made anew.
            partitions.Forget();
            throw;
        }
    }

    // Class 22 is "data exception": this value, not this moment, is the reason.
    private static bool IsBrokenValue(PostgresException exception) => exception.SqlState.StartsWith("22", StringComparison.Ordinal);

    [LoggerMessage(4001, LogLevel.Warning, "{Count} events for {Table} are older than its retention or lie too far ahead: left out")]
    private partial void LogOutOfRange(int count, string table);

    [LoggerMessage(4002, LogLevel.Warning, "An event for {Table} cannot be stored: left out, so that the rest of its batch is not lost")]
    private partial void LogBroken(string table, Exception exception);
}
