using System.Collections.Concurrent;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Tools;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Budget;

/// <summary>
/// Counts the calls of each tool, so that tools which nobody uses can be found. In memory, and written every five seconds: a counter is not worth a write for
/// each call, and what a replica that dies had not written yet is in the audit trail.
/// </summary>
internal sealed partial class ToolUsage(IServiceScopeFactory scopes, TimeProvider time, ILogger<ToolUsage> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5), WriteTimeout = TimeSpan.FromSeconds(10);
    private ConcurrentDictionary<(Guid Server, string Tool), long> counts = new();

    /// <summary>Counts a call that was let through to the tool.</summary>
    public void Count(ToolCallOutcome call)
    {
        if (call is { ServerId: { } server, NeedsInput: false, Failure: null or { IsDenial: false } })
        {
            counts.AddOrUpdate((server, call.Tool), 1, (_, count) => count + 1);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await WriteAsync();
            }
        }
        catch (OperationCanceledException)
        {
            await WriteAsync();
        }
    }

    private async Task WriteAsync()
    {
        var taken = Interlocked.Exchange(ref counts, new());
        if (taken.IsEmpty)
        {
            return;
        }

        // In the order of their keys, so that replicas do not lock each other out. A call that is being counted right now may be lost: it is a counter.
        var rows = taken.OrderBy(row => row.Key.Server).ThenBy(row => row.Key.Tool, StringComparer.Ordinal).ToList();
        Guid[] servers = [.. rows.Select(row => row.Key.Server)];
        string[] tools = [.. rows.Select(row => row.Key.Tool)];
        long[] calls = [.. rows.Select(row => row.Value)];
        var now = time.GetUtcNow();
        try
        {
            using var timeout = new CancellationTokenSource(WriteTimeout);
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<McpDbContext>().Database.ExecuteSqlAsync(
                $"""
                UPDATE mcp.mcp_tools AS tool SET calls = tool.calls + counted.calls, last_called_at = {now}
                FROM unnest({servers}, {tools}, {calls}) AS counted(server_id, name, calls)
                WHERE tool.server_id = counted.server_id AND tool.name = counted.name
                """,
                timeout.Token);
        }
        catch (Exception exception)
        {
            foreach (var row in rows)
            {
                counts.AddOrUpdate(row.Key, row.Value, (_, count) => count + row.Value);
            }

            LogFailed(exception);
        }
    }

    [LoggerMessage(1550, LogLevel.Warning, "The calls of tools could not be counted; they are kept in memory and tried again")]
    private partial void LogFailed(Exception exception);
}
