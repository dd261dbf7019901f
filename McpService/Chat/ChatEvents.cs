using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using McpPlatform.McpService.Catalogue;
using Microsoft.Extensions.AI;

namespace McpPlatform.McpService.Chat;

/// <summary>What the client of a chat is told, as server-sent events. A client that reads slowly makes the chat slow: nothing piles up.</summary>
internal sealed class ChatEvents
{
    private readonly Channel<SseItem<JsonObject>> channel = Channel.CreateBounded<SseItem<JsonObject>>(64);

    public IAsyncEnumerable<SseItem<JsonObject>> ReadAsync(CancellationToken cancellationToken) => channel.Reader.ReadAllAsync(cancellationToken);

    public ValueTask TextAsync(string text, CancellationToken cancellationToken) => WriteAsync("text", new() { ["text"] = text }, cancellationToken);

    public ValueTask CallAsync(string id, ServerItem? tool, string name, JsonObject? arguments, CancellationToken cancellationToken) => WriteAsync(
        "tool_call", new() { ["id"] = id, ["server"] = tool?.Server, ["tool"] = tool?.Name ?? name, ["arguments"] = arguments?.DeepClone() }, cancellationToken);

    public ValueTask ResultAsync(string id, ChatToolResult result, CancellationToken cancellationToken) => WriteAsync(
        "tool_result",
        new() { ["id"] = id, ["is_error"] = result.IsError, ["content"] = result.Text, ["elapsed_ms"] = Math.Round(result.Elapsed.TotalMilliseconds, 3) },
        cancellationToken);

    public ValueTask ErrorAsync(string sentence, CancellationToken cancellationToken) => WriteAsync("error", new() { ["detail"] = sentence }, cancellationToken);

    public ValueTask DoneAsync(string reason, int steps, UsageDetails usage, CancellationToken cancellationToken) => WriteAsync(
        "done",
        new()
        {
            ["finish_reason"] = reason,
            ["steps"] = steps,
            ["usage"] = new JsonObject { ["input_tokens"] = usage.InputTokenCount, ["output_tokens"] = usage.OutputTokenCount, ["total_tokens"] = usage.TotalTokenCount },
        },
        cancellationToken);

    /// <summary>Tells proxies and clients that the chat goes on, while a model or a tool says nothing.</summary>
    public void Beat() => channel.Writer.TryWrite(new([], "ping"));

    public void Complete() => channel.Writer.TryComplete();

    private ValueTask WriteAsync(string name, JsonObject data, CancellationToken cancellationToken) => channel.Writer.WriteAsync(new(data, name), cancellationToken);
}

/// <summary>What a tool gave the model.</summary>
/// <param name="IsError">The tool failed, or was not called.</param>
/// <param name="Text">The result as text, cut to a bound.</param>
/// <param name="Elapsed">How long the call took.</param>
internal sealed record ChatToolResult(bool IsError, string Text, TimeSpan Elapsed);
