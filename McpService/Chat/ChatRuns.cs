using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.Extensions.AI;

namespace McpPlatform.McpService.Chat;

/// <summary>Runs chats, tells what happens, and puts on record that they were. Never what was said.</summary>
internal sealed partial class ChatRuns(ChatModels models, ChatToolCalls calls, IServiceScopeFactory scopes, TimeProvider time, ILogger<ChatRuns> logger)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(30), BeatInterval = TimeSpan.FromSeconds(15), WriteTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Runs a chat while somebody reads.</summary>
    public async IAsyncEnumerable<SseItem<JsonObject>> RunAsync(
        List<ChatMessage> messages, ModelUse use, ChatTools tools, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var events = new ChatEvents();
        var running = RunAsync(messages, use, tools, events, stop.Token);
        try
        {
            await using var beats = time.CreateTimer(_ => events.Beat(), null, BeatInterval, BeatInterval);
            await foreach (var item in events.ReadAsync(cancellationToken))
            {
                yield return item;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }
    }

    private async Task RunAsync(List<ChatMessage> messages, ModelUse use, ChatTools tools, ChatEvents events, CancellationToken aborted)
    {
        var start = time.GetTimestamp();
        using var limit = new CancellationTokenSource(Longest, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, limit.Token);
        using var model = models.Connect(use.Model);
        var agent = new ChatAgent(model, tools, calls, events);
        var (reason, failure) = ("failed", (string?)null);
        try
        {
            reason = await agent.RunAsync(messages, use, stop.Token);
        }
        catch (ModelException exception)
        {
            failure = exception.Message;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            (reason, failure) = aborted.IsCancellationRequested ? ("client_gone", "The client has gone.") : ("timeout", $"The chat took longer than {Longest.TotalMinutes:0} minutes.");
        }
        catch (Exception exception)
        {
            LogFailed(exception);
            failure = "Something went wrong on our side.";
        }

        // On record before the client hears of the end.
        await RecordAsync(use.Model, agent, reason, failure is null, time.GetElapsedTime(start));
        await EndAsync(events, agent, reason, failure, aborted);
    }

    private static async Task EndAsync(ChatEvents events, ChatAgent agent, string reason, string? failure, CancellationToken aborted)
    {
        try
        {
            await (failure is null ? events.DoneAsync(reason, agent.Steps, agent.Usage, aborted) : events.ErrorAsync(failure, aborted));
        }
        catch (OperationCanceledException)
        {
            // Nobody listens any more.
        }
        finally
        {
            events.Complete();
        }
    }

    private async Task RecordAsync(string model, ChatAgent agent, string reason, bool succeeded, TimeSpan elapsed)
    {
        try
        {
            using var timeout = new CancellationTokenSource(WriteTimeout);
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<McpDbContext>();
            var record = scope.ServiceProvider.GetRequiredService<ActivityLog>().Create("mcp.chat", succeeded ? ActivityOutcomes.Succeeded : ActivityOutcomes.Failed, "model", Targets.Of(model));
            db.AddToOutbox(record with
            {
                DurationMs = elapsed.TotalMilliseconds,
                Details = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["end"] = reason, ["steps"] = $"{agent.Steps}", ["tool_calls"] = $"{agent.ToolCalls}",
                    ["input_tokens"] = $"{agent.Usage.InputTokenCount}", ["output_tokens"] = $"{agent.Usage.OutputTokenCount}",
                },
            });
            await db.SaveChangesAsync(timeout.Token);
        }
        catch (Exception exception)
        {
            LogNotRecorded(exception);
        }
    }

    [LoggerMessage(1600, LogLevel.Error, "A chat failed")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(1601, LogLevel.Error, "A chat could not be put on record")]
    private partial void LogNotRecorded(Exception exception);
}
