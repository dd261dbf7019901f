using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using MassTransit;
using McpPlatform.Contracts.Messages;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>
/// Publishes committed facts in their order. One replica at a time relays (an advisory lock per outbox), so order holds; a fact is deleted after the
/// broker confirmed it, so a crash in between publishes it again and consumers recognise it by its id. Activities that wait in a row leave in one message.
/// </summary>
internal sealed partial class OutboxRelay(
    NpgsqlDataSource source, OutboxTable table, IBus bus, OutboxSignal signal, IMeterFactory meters, ILogger<OutboxRelay> logger) : BackgroundService
{
    private const int BatchSize = 500, AtOnce = 5, MostCharacters = 256 * 1024;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1), Gather = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan PublishTimeout = TimeSpan.FromSeconds(10);
    private static readonly ActivitySource Source = new("McpPlatform.Outbox");
    private readonly Counter<long> published = meters.Create("McpPlatform.Outbox").CreateCounter<long>("mcpplatform.outbox.published", description: "Facts published.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await RelayBatchAsync(stoppingToken) == BatchSize)
                {
                    // More is waiting.
                }

                await signal.WaitAsync(Poll, stoppingToken);

                // A batch costs the database as much for one fact as for many: those that follow at once come along.
                await Task.Delay(Gather, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // The broker or the database is away: the facts stay where they are.
                LogRelayFailed(exception);
                await Task.Delay(Poll, CancellationToken.None);
            }
        }
    }

    private async Task<int> RelayBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var batch = await ReadAsync(connection, cancellationToken);
        if (batch.Count == 0)
        {
            return 0;
        }

        for (var next = 0; next < batch.Count;)
        {
            var taken = CountInOneMessage(batch, next);
            await (taken > 1 ? PublishAsync(batch.GetRange(next, taken), cancellationToken) : PublishAsync(batch[next], cancellationToken));
            next += taken;
        }

        await using var delete = new NpgsqlCommand($"DELETE FROM {table.Name} WHERE sequence = ANY($1)", connection);
        delete.Parameters.Add(new() { Value = batch.ConvertAll(row => row.Sequence) });
        await delete.PrepareAsync(cancellationToken);
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        published.Add(batch.Count);
        return batch.Count;
    }

    // Two statements, one way: the second sees what others committed before the lock was had.
    private async Task<List<Row>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var commands = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))") { Parameters = { new() { Value = table.Name } } },
                new($"SELECT sequence, type, body, trace_parent FROM {table.Name} ORDER BY sequence LIMIT {BatchSize}"),
            },
        };
        await commands.PrepareAsync(cancellationToken);
        await using var reader = await commands.ExecuteReaderAsync(cancellationToken);
        List<Row> rows = [];
        if (await reader.ReadAsync(cancellationToken) && reader.GetBoolean(0) && await reader.NextResultAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3)));
            }
        }

        return rows;
    }

    private static int CountInOneMessage(List<Row> batch, int next)
    {
        var characters = 0;
        var count = batch.Skip(next).TakeWhile(row => row.Type == typeof(ActivityRecorded).FullName && (characters += row.Body.Length) <= MostCharacters).Count();
        return count >= AtOnce ? count : 1;
    }

    private Task PublishAsync(Row row, CancellationToken cancellationToken)
    {
        var type = typeof(IFact).Assembly.GetType(row.Type, throwOnError: true)!;
        return PublishAsync((IFact)JsonSerializer.Deserialize(row.Body, type)!, row.Trace, [], cancellationToken);
    }

    private Task PublishAsync(List<Row> rows, CancellationToken cancellationToken)
    {
        var activities = rows.ConvertAll(row => JsonSerializer.Deserialize<ActivityRecorded>(row.Body)!);
        var fact = new ActivitiesRecorded { EventId = Guid.CreateVersion7(), OccurredAt = activities[0].OccurredAt, Activities = activities };
        return PublishAsync(fact, default, [.. rows.Select(row => new ActivityLink(row.Trace))], cancellationToken);
    }

    private async Task PublishAsync(IFact fact, ActivityContext parent, ActivityLink[] links, CancellationToken cancellationToken)
    {
        using var activity = Source.StartActivity($"outbox {fact.GetType().Name}", ActivityKind.Internal, parent, links: links);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(PublishTimeout);
        await bus.Publish(fact, fact.GetType(), publish => publish.MessageId = fact.EventId, timeout.Token);
    }

    private sealed record Row(long Sequence, string Type, string Body, string? TraceParent)
    {
        public ActivityContext Trace => ActivityContext.TryParse(TraceParent, null, isRemote: true, out var context) ? context : default;
    }

    [LoggerMessage(20, LogLevel.Warning, "The outbox could not be relayed; its facts are kept and tried again")]
    private partial void LogRelayFailed(Exception exception);
}
