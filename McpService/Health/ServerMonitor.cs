using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace McpPlatform.McpService.Health;

/// <summary>
/// Looks at every enabled server once per interval, however many replicas there are: a sweep holds a lease (an advisory lock that ends with its
/// connection), and takes only servers whose last check is an interval ago.
/// </summary>
internal sealed partial class ServerMonitor(
    IServiceScopeFactory scopes, NpgsqlDataSource database, SweepSignal signal, TelemetryEvents<McpServerChecked> events, IOptions<MonitorOptions> options,
    TimeProvider time, ILogger<ServerMonitor> logger) : BackgroundService
{
    private const int MaxAtOnce = 16;

    // Timers fire a little early or late; without this every second check would be skipped.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SweepAsync(stoppingToken);
                await signal.WaitAsync(options.Value.Interval, time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // The database is away: the servers are looked at when it is back.
                LogSweepFailed(exception);
                await Task.Delay(TimeSpan.FromSeconds(1), time, CancellationToken.None);
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var lease = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock(hashtextextended('mcp.monitor', 0))", connection, lease);
        if (await command.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return;
        }

        await using var scope = scopes.CreateAsyncScope();
        var due = time.GetUtcNow() - options.Value.Interval + Tolerance;
        var servers = await scope.ServiceProvider.GetRequiredService<McpDbContext>().Servers.AsNoTracking()
            .Where(server => server.Enabled && (server.Health.CheckedAt == null || server.Health.CheckedAt <= due))
            .OrderBy(server => server.Health.CheckedAt).ToListAsync(cancellationToken);
        await Parallel.ForEachAsync(
            servers, new ParallelOptions { MaxDegreeOfParallelism = MaxAtOnce, CancellationToken = cancellationToken },
            async (server, token) => await CheckAsync(server, token));
        await lease.CommitAsync(cancellationToken);
    }

    private async Task CheckAsync(Server server, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var probe = await scope.ServiceProvider.GetRequiredService<ServerProbe>().ProbeAsync(server.ToUpstream(), options.Value.Timeout, cancellationToken);
        var now = time.GetUtcNow();
        var health = server.Health.After(probe, options.Value.Slow, now);

        // Not for a server that was moved or disabled meanwhile; and without a look at its version, or every check would disturb who edits it.
        var written = await scope.ServiceProvider.GetRequiredService<McpDbContext>().Servers
            .Where(x => x.Id == server.Id && x.Url == server.Url && x.Enabled)
            .ExecuteUpdateAsync(
                set => set.SetProperty(x => x.Health.Status, health.Status)
                    .SetProperty(x => x.Health.Cause, health.Cause)
                    .SetProperty(x => x.Health.LatencyMs, health.LatencyMs)
                    .SetProperty(x => x.Health.ToolCount, health.ToolCount)
                    .SetProperty(x => x.Health.ProtocolVersion, health.ProtocolVersion)
                    .SetProperty(x => x.Health.ConsecutiveFailures, health.ConsecutiveFailures)
                    .SetProperty(x => x.Health.CheckedAt, health.CheckedAt),
                cancellationToken);
        if (written == 0)
        {
            return;
        }

        if (health.Status != server.Health.Status)
        {
            LogStatus(server.Name, server.Health.Status, health.Status, health.Cause);
        }

        events.Record(new McpServerChecked
        {
            EventId = Guid.CreateVersion7(now),
            OccurredAt = now,
            ServerId = server.Id,
            ServerName = server.Name,
            Status = health.Status,
            LatencyMs = probe.Elapsed.TotalMilliseconds,
            ToolCount = probe.ToolCount,
            Error = health.Cause,
        });
    }

    [LoggerMessage(1020, LogLevel.Warning, "The MCP servers could not be checked; trying again")]
    private partial void LogSweepFailed(Exception exception);

    [LoggerMessage(1021, LogLevel.Information, "{Server} was {Before} and is {Status}: {Cause}")]
    private partial void LogStatus(string server, string before, string status, string? cause);
}
