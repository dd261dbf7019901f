using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tools;

/// <summary>Puts every tool call on record, whatever became of it. Never the arguments, never the result.</summary>
internal sealed class ToolCallRecords(McpDbContext db, ActivityLog activities, TimeProvider time)
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10), Precision = TimeSpan.FromSeconds(10);

    /// <summary>Writes the record. Not with the request's token: a client that hangs up leaves a record too.</summary>
    public async Task WriteAsync(ToolCallOutcome call)
    {
        using var timeout = new CancellationTokenSource(WriteTimeout);
        var details = new Dictionary<string, string>(StringComparer.Ordinal);
        if (call.Result is not null)
        {
            details["is_error"] = call.IsError ? "true" : "false";
        }

        if (call.Failure is not null)
        {
            details["error"] = call.Failure.Kind;
            call.Failure.Decision?.Describe(details);
        }

        db.AddToOutbox(activities.Create("mcp.tools.call", call.Outcome, "tool", Targets.Of(call.Server, call.Tool)) with
        {
            DurationMs = call.Elapsed.TotalMilliseconds,
            Details = details,
        });
        await db.SaveChangesAsync(timeout.Token);

        // Written at most every ten seconds: the row is shared by all calls of the server.
        var now = time.GetUtcNow();
        if (call is { Result: not null, ServerId: { } id } && (call.LastGoodCallAt is null || now - call.LastGoodCallAt > Precision))
        {
            await db.Servers.Where(server => server.Id == id)
                .ExecuteUpdateAsync(set => set.SetProperty(server => server.Health.LastGoodCallAt, now), timeout.Token);
        }
    }
}
