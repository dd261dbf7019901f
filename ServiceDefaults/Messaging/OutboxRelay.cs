using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using MassTransit;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>
/// Publishes committed facts in their order. One replica at a time relays (an advisory lock per outbox), so order holds; a fact is deleted after the
/// broker confirmed it, so a crash in between publishes it again and consumers recognise it by its id.
/// </summary>
internal sealed partial class OutboxRelay<TContext>(
    IServiceScopeFactory scopes, IBus bus, OutboxSignal signal, IMeterFactory meters, ILogger<OutboxRelay<TContext>> logger) : BackgroundService
    where TContext : DbContext
{
    private const int BatchSize = 200;
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
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TContext>();
        if (!await db.Set<OutboxMessage>().AnyAsync(cancellationToken))
        {
            return 0;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var name = $"{db.Model.GetDefaultSchema()}.outbox";
        var mine = await db.Database.SqlQuery<bool>($"SELECT pg_try_advisory_xact_lock(hashtextextended({name}, 0)) AS \"Value\"").SingleAsync(cancellationToken);
        if (!mine)
        {
            return 0;
        }

        var batch = await db.Set<OutboxMessage>().AsNoTracking().OrderBy(message => message.Sequence).Take(BatchSize).ToListAsync(cancellationToken);
        foreach (var message in batch)
        {
            await PublishAsync(message, cancellationToken);
        }

        var sequences = batch.Select(message => message.Sequence).ToList();
        await db.Set<OutboxMessage>().Where(message => sequences.Contains(message.Sequence)).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        published.Add(batch.Count);
        return batch.Count;
    }

    private async Task PublishAsync(OutboxMessage message, CancellationToken cancellationToken)
    {
        var type = typeof(IFact).Assembly.GetType(message.Type, throwOnError: true)!;
        var fact = JsonSerializer.Deserialize(message.Body, type)!;
        var parent = ActivityContext.TryParse(message.TraceParent, null, isRemote: true, out var context) ? context : default;
        using var activity = Source.StartActivity($"outbox {type.Name}", ActivityKind.Internal, parent);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(PublishTimeout);
        await bus.Publish(fact, type, publish => publish.MessageId = message.Id, timeout.Token);
    }

    [LoggerMessage(20, LogLevel.Warning, "The outbox could not be relayed; its facts are kept and tried again")]
    private partial void LogRelayFailed(Exception exception);
}
