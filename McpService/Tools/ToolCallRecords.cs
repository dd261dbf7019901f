using System.Threading.Channels;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Relay;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tools;

/// <summary>
/// Puts every tool call on record, whatever became of it, before the caller has the answer. Never the arguments, never the result. Calls that end at the same time
/// share a transaction: what a commit costs is paid once for all of them.
/// </summary>
internal sealed partial class ToolCallRecords(IServiceScopeFactory scopes, TimeProvider time, ILogger<ToolCallRecords> logger) : BackgroundService
{
    private const int LargestBatch = 256, InOneFact = 5;
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10), Precision = TimeSpan.FromSeconds(10);
    private readonly Dictionary<Guid, DateTimeOffset> lastGoodCalls = [];
    private readonly Channel<Entry> entries = Channel.CreateUnbounded<Entry>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Writes the record. Without a token: a client that hangs up leaves a record too.</summary>
    public async Task WriteAsync(ToolCallOutcome call, RelayCaller caller)
    {
        var details = new Dictionary<string, string>(StringComparer.Ordinal);
        if (call.Result is not null)
        {
            details["is_error"] = call.IsError ? "true" : "false";
        }

        if (call.NeedsInput)
        {
            details["input_required"] = "true";
        }

        if (call.Failure is not null)
        {
            details["error"] = call.Failure.Kind;
            call.Failure.Decision?.Describe(details);
        }

        if (call.Approval is { } approval)
        {
            details["approval_id"] = approval.ToString();
        }

        if (call.Bundle is not null)
        {
            details["bundle"] = call.Bundle;
        }

        await using var scope = scopes.CreateAsyncScope();
        var record = scope.ServiceProvider.GetRequiredService<ActivityLog>().Create("mcp.tools.call", call.Outcome, "tool", Targets.Of(call.Server, call.Tool)) with
        {
            // Not from the HTTP request: a call may outlive it.
            UserId = caller.User.Id,
            Username = caller.User.Username,
            ClientIp = caller.ClientIp,
            DurationMs = call.Elapsed.TotalMilliseconds,
            Details = details,
        };
        var entry = new Entry(record, call is { Result: not null, ServerId: { } id } ? id : null, System.Diagnostics.Activity.Current);
        entries.Writer.TryWrite(entry);
        await entry.Written.Task.WaitAsync(WriteTimeout + WriteTimeout, time);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Reads on while calls end: a service that stops waits for them, and they for this.
        List<Entry> batch = [];
        using var stopping = stoppingToken.Register(() => entries.Writer.TryComplete());
        while (await entries.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (batch.Count < LargestBatch && entries.Reader.TryRead(out var entry))
            {
                batch.Add(entry);
            }

            try
            {
                await SaveAsync(batch);
                batch.ForEach(entry => entry.Written.TrySetResult());
            }
            catch (Exception exception)
            {
                LogFailed(batch.Count, exception);
                batch.ForEach(entry => entry.Written.TrySetException(new InvalidOperationException("The call could not be put on record.", exception)));
            }
        }
    }

    private async Task SaveAsync(List<Entry> batch)
    {
        using var timeout = new CancellationTokenSource(WriteTimeout);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
        AddTo(db, batch);
        await db.SaveChangesAsync(timeout.Token);

        // At most every ten seconds for each server: the row is shared by all of its calls.
        var now = time.GetUtcNow();
        foreach (var server in batch.Select(entry => entry.GoodCallOf).OfType<Guid>().Distinct())
        {
            if (lastGoodCalls.GetValueOrDefault(server) + Precision <= now)
            {
                lastGoodCalls[server] = now;
                await db.Servers.Where(row => row.Id == server).ExecuteUpdateAsync(set => set.SetProperty(row => row.LastGoodCallAt, now), timeout.Token);
            }
        }
    }

    private static void AddTo(McpDbContext db, List<Entry> batch)
    {
        if (batch.Count >= InOneFact)
        {
            db.AddToOutbox(new ActivitiesRecorded { EventId = Guid.CreateVersion7(), OccurredAt = batch[0].Record.OccurredAt, Activities = batch.ConvertAll(entry => entry.Record) });
            return;
        }

        foreach (var entry in batch)
        {
            System.Diagnostics.Activity.Current = entry.Activity;
            db.AddToOutbox(entry.Record);
        }

        System.Diagnostics.Activity.Current = null;
    }

    private sealed record Entry(ActivityRecorded Record, Guid? GoodCallOf, System.Diagnostics.Activity? Activity)
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(1043, LogLevel.Error, "{Count} tool calls could not be put on record")]
    private partial void LogFailed(int count, Exception exception);
}
