using System.Collections.Concurrent;
using System.Diagnostics;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Relay;
using McpPlatform.ServiceDefaults;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tools;

/// <summary>
/// Puts every tool call on record, whatever became of it, before the caller has the answer. Never the arguments, never the result. Calls that end at the same time
/// share a transaction: what a commit costs is paid once for all of them.
/// </summary>
internal sealed partial class ToolCallRecords(OutboxWriter outbox, IServiceScopeFactory scopes, ServiceIdentity identity, TimeProvider time, ILogger<ToolCallRecords> logger)
{
    private const int LargestBatch = 256, InOneFact = 5;
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10), Precision = TimeSpan.FromSeconds(10);
    private readonly Dictionary<Guid, DateTimeOffset> lastGoodCalls = [];
    private readonly ConcurrentQueue<Entry> entries = new();
    private int writing;

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

        var cause = Activity.Current;
        var record = new ActivityRecorded
        {
            EventId = Guid.CreateVersion7(),
            OccurredAt = time.GetUtcNow(),
            Service = identity.Name,
            Action = "mcp.tools.call",
            Outcome = call.Outcome,
            TargetType = "tool",
            Target = Targets.Of(call.Server, call.Tool),

            // Not from the HTTP request: a call may outlive it.
            UserId = caller.User.Id,
            Username = caller.User.Username,
            ClientIp = caller.ClientIp,
            DurationMs = call.Elapsed.TotalMilliseconds,
            TraceId = cause?.TraceId.ToHexString(),
            Details = details,
        };
        var entry = new Entry(record, call is { Result: not null, ServerId: { } id } ? id : null, System.Diagnostics.Activity.Current);
        entries.Enqueue(entry);
        if (Interlocked.Exchange(ref writing, 1) == 0)
        {
            // Nobody writes: this call does so itself, which is faster than to wake somebody; those that gather meanwhile are another's work.
            await WriteBatchAsync();
            if (!TryRest())
            {
                // Nothing of this request goes along.
                using var apart = ExecutionContext.SuppressFlow();
                _ = Task.Run(WriteOnAsync);
            }
        }

        await entry.Written.Task.WaitAsync(WriteTimeout + WriteTimeout, time);
    }

    private async Task WriteOnAsync()
    {
        do
        {
            await WriteBatchAsync();
        }
        while (!TryRest());
    }

    private bool TryRest()
    {
        if (!entries.IsEmpty)
        {
            return false;
        }

        // One may have come between the two: then it writes, unless it saw that somebody still did. Not Volatile.Write: what is read next must not be read before it.
        Interlocked.Exchange(ref writing, 0);
        return entries.IsEmpty || Interlocked.Exchange(ref writing, 1) != 0;
    }

    private async Task WriteBatchAsync()
    {
        List<Entry> batch = [];
        while (batch.Count < LargestBatch && entries.TryDequeue(out var entry))
        {
            batch.Add(entry);
        }

        using var timeout = new CancellationTokenSource(WriteTimeout);
        try
        {
            await outbox.AddAsync(FactsOf(batch), timeout.Token);
        }
        catch (Exception exception)
        {
            LogFailed(batch.Count, exception);
            batch.ForEach(entry => entry.Written.TrySetException(new InvalidOperationException("The call could not be put on record.", exception)));
            return;
        }

        batch.ForEach(entry => entry.Written.TrySetResult());
        await NoteGoodCallsAsync(batch, timeout.Token);
    }

    // At most every ten seconds for each server: the row is shared by all of its calls.
    private async Task NoteGoodCallsAsync(List<Entry> batch, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var due = batch.Select(entry => entry.GoodCallOf).OfType<Guid>().Distinct().Where(server => lastGoodCalls.GetValueOrDefault(server) + Precision <= now).ToList();
        if (due.Count == 0)
        {
            return;
        }

        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<McpDbContext>().Servers.Where(row => due.Contains(row.Id))
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.LastGoodCallAt, now), cancellationToken);
            due.ForEach(server => lastGoodCalls[server] = now);
        }
        catch (Exception exception)
        {
            // The next good call notes it.
            LogNotNoted(exception);
        }
    }

    private static IEnumerable<(IFact Fact, Activity? Cause)> FactsOf(List<Entry> batch) => batch.Count < InOneFact
        ? batch.Select(entry => ((IFact)entry.Record, entry.Cause))
        : [(new ActivitiesRecorded { EventId = Guid.CreateVersion7(), OccurredAt = batch[0].Record.OccurredAt, Activities = batch.ConvertAll(entry => entry.Record) }, null)];

    private sealed record Entry(ActivityRecorded Record, Guid? GoodCallOf, Activity? Cause)
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(1043, LogLevel.Error, "{Count} tool calls could not be put on record")]
    private partial void LogFailed(int count, Exception exception);

    [LoggerMessage(1044, LogLevel.Warning, "When servers were last called well could not be noted")]
    private partial void LogNotNoted(Exception exception);
}
