using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Health;

/// <summary>
/// Looks at every enabled server once per interval, however many replicas there are: a replica takes the checks that are due by moving them ahead, row by row,
/// so that replicas share the work, a server that hangs delays no other, and what a replica took that died is taken by another one a little later.
/// </summary>
internal sealed partial class ServerMonitor(
    IServiceScopeFactory scopes, SweepSignal signal, TelemetryEvents<McpServerChecked> events, IOptions<MonitorOptions> options,
    TimeProvider time, ILogger<ServerMonitor> logger) : BackgroundService
{
    private const int MaxAtOnce = 32;

    // After a failure that may be chance, and longer than any check takes.
    private static readonly TimeSpan SecondLook = TimeSpan.FromSeconds(1), Margin = TimeSpan.FromSeconds(10), MaxPause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<Task> running = [];
        var pause = TimeSpan.FromTicks(Math.Min(options.Value.Interval.Ticks / 4, MaxPause.Ticks));
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                running.RemoveAll(check => check.IsCompleted);
                var free = MaxAtOnce - running.Count;
                var taken = await TakeAsync(free, stoppingToken);
                running.AddRange(taken.Select(server => TryCheckAsync(server, stoppingToken)));
                await (taken.Count == free ? Task.WhenAny(running) : signal.WaitAsync(pause, time, stoppingToken));
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                // The database is away: the servers are looked at when it is back.
                LogSweepFailed(exception);
                await Task.Delay(TimeSpan.FromSeconds(1), time, CancellationToken.None);
            }
        }

        await Task.WhenAll(running);
    }

    private async Task<List<Server>> TakeAsync(int atMost, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (now, until) = (time.GetUtcNow(), time.GetUtcNow() + options.Value.Timeout + Margin);
        var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
        var taken = await db.Database.SqlQuery<Guid>(
            $"""
            UPDATE mcp.mcp_servers SET next_check_at = {until}
            WHERE id IN (
                SELECT id FROM mcp.mcp_servers WHERE enabled AND (next_check_at IS NULL OR next_check_at <= {now})
                ORDER BY next_check_at NULLS FIRST LIMIT {atMost} FOR UPDATE SKIP LOCKED)
            RETURNING id
            """).ToListAsync(cancellationToken);
        return taken.Count == 0 ? [] : await db.Servers.AsNoTracking().Where(server => taken.Contains(server.Id)).ToListAsync(cancellationToken);
    }

    private async Task TryCheckAsync(Server server, CancellationToken cancellationToken)
    {
        try
        {
            await CheckAsync(server, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Another replica looks at it.
        }
        catch (Exception exception)
        {
            LogCheckFailed(server.Name, exception);
        }
    }

    private async Task CheckAsync(Server server, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var started = time.GetUtcNow();
        var probe = await scope.ServiceProvider.GetRequiredService<ServerProbe>().ProbeAsync(server.ToUpstream(), options.Value.Timeout, cancellationToken);
        var now = time.GetUtcNow();
        var health = server.Health.After(probe, options.Value.Slow, now);
        var wait = probe.Failed is not null && health.ConsecutiveFailures < ServerHealth.Agreement && SecondLook < options.Value.Interval ? SecondLook : options.Value.Interval;
        health = health with { NextCheckAt = started + wait };

        // Not for a server that was moved or disabled meanwhile; and without a look at its version, or every check would disturb who edits it.
        var written = await scope.ServiceProvider.GetRequiredService<McpDbContext>().Servers
            .Where(x => x.Id == server.Id && x.Url == server.Url && x.Enabled)
            .ExecuteUpdateAsync(set => set.SetProperty(x => x.Health, health), cancellationToken);
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

    [LoggerMessage(1022, LogLevel.Warning, "{Server} could not be checked; it is tried again")]
    private partial void LogCheckFailed(string server, Exception exception);
}
