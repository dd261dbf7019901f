using McpPlatform.AnalyticsService.Privacy;
using McpPlatform.AnalyticsService.Rejected;
using McpPlatform.AnalyticsService.Telemetry;
using Microsoft.Extensions.Options;
using Npgsql;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>
/// Writes events, each once however often it comes: its id and time are the key. What has returned is committed, so a message that is acknowledged
/// after it is never lost.
/// </summary>
internal sealed class EventStore(
    NpgsqlDataSource source, Partitions partitions, RejectedEvents rejected, PersonalData personal, IOptions<RetentionOptions> retention, AnalyticsTelemetry telemetry, TimeProvider time)
{
    /// <summary>
    /// Stores what travelled in one message. An event that cannot be stored is put aside (<see cref="RejectedEvents"/>) and costs no other; one that is older than the retention is
    /// left out, and counted.
    /// </summary>
    public async Task StoreAsync<TEvent>(EventTable<TEvent> table, IReadOnlyList<TEvent> events, CancellationToken cancellationToken)
        where TEvent : class
    {
        using var activity = AnalyticsTelemetry.StartStoring(table.Name, events.Count);
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var (first, last) = (today.AddDays(-table.RetentionDays(retention.Value)), today.AddDays(Partitions.DaysAhead));
        List<TEvent> batch = new(events.Count);
        foreach (var single in events)
        {
            if (single is not null && table.DayOf(single) > last)
            {
                // It comes from a wrong clock, and its partition would stay for years.
                await RejectAsync(table, single, $"Its time is {table.OccurredAt(single):O}, but may lie at most {Partitions.DaysAhead} days ahead.", cancellationToken);
            }
            else if (single is not null && table.DayOf(single) >= first)
            {
                batch.Add(table.Protect(single, personal));
            }
            else
            {
                telemetry.LeftOut(table.Name, 1);
            }
        }

        if (batch.Count > 0)
        {
            await partitions.EnsureAsync(table, [.. batch.Select(table.DayOf).Distinct()], cancellationToken);
            var stored = await WriteAsync(table, batch, cancellationToken);
            telemetry.Stored(table.Name, batch.Count, stored, time.GetUtcNow() - batch.Min(table.OccurredAt));
        }
    }

    private async Task<int> WriteAsync<TEvent>(EventTable<TEvent> table, List<TEvent> batch, CancellationToken cancellationToken)
    {
        try
        {
            return await EventWriter.WriteAsync(source, table, batch, cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.CheckViolation)
        {
            // "No partition found for row": somebody dropped one that we knew. The message comes again and finds it made anew.
            partitions.Forget();
            throw;
        }
        catch (PostgresException exception) when (IsBrokenValue(exception) && batch.Count == 1)
        {
            await RejectAsync(table, batch[0], exception.MessageText, cancellationToken);
            return 0;
        }
        catch (PostgresException exception) when (IsBrokenValue(exception))
        {
            // Halves find a broken one among a thousand in twenty writes.
            return await WriteAsync(table, batch[..(batch.Count / 2)], cancellationToken) + await WriteAsync(table, batch[(batch.Count / 2)..], cancellationToken);
        }
    }

    private Task RejectAsync<TEvent>(EventTable<TEvent> table, TEvent single, string reason, CancellationToken cancellationToken)
    {
        telemetry.Rejected(table.Name);
        return rejected.AddAsync(table, table.Protect(single, personal), reason, cancellationToken);
    }

    // Class 22 is "data exception": this value, not this moment, is the reason.
    private static bool IsBrokenValue(PostgresException exception) => exception.SqlState.StartsWith("22", StringComparison.Ordinal);
}
