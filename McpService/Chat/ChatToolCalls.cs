using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Tools;
using Microsoft.Extensions.AI;

namespace McpPlatform.McpService.Chat;

/// <summary>Calls tools for a model, on the way that every call takes: policy, limits, audit and metrics are the same.</summary>
internal sealed class ChatToolCalls(ToolCalls calls, RelayCallers callers)
{
    /// <summary>The most of a result that a model is given, in characters.</summary>
    public const int MaxResult = 20_000;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>What the model wants to call a tool with; null when that is no JSON object.</summary>
    public static JsonObject? Arguments(FunctionCallContent call) =>
        call.Exception is null && JsonSerializer.SerializeToNode(call.Arguments ?? new Dictionary<string, object?>(), AIJsonUtilities.DefaultOptions) is JsonObject arguments ? arguments : null;

    public async Task<ChatToolResult> CallAsync(ServerItem? tool, JsonObject? arguments, CancellationToken cancellationToken)
    {
        if (tool is null)
        {
            return new(true, "There is no tool of that name. Use the tools that are declared.", TimeSpan.Zero);
        }

        if (arguments is null)
        {
            return new(true, "The arguments are not a JSON object. Call the tool again with arguments that fit its schema.", TimeSpan.Zero);
        }

        var outcome = await calls.CallAsync(callers.Call(tool.Name, arguments, Timeout), tool.Server, tool.Name, cancellationToken);
        return outcome.Failure is { } failure
            ? new(true, failure.Sentence, outcome.Elapsed)
            : new(outcome.IsError, Cut(TextOf(outcome.Result!)), outcome.Elapsed);
    }

    private static string TextOf(JsonObject result)
    {
        var text = new StringBuilder();
        foreach (var block in (result["content"] as JsonArray ?? []).OfType<JsonObject>())
        {
            text.Append(text.Length > 0 ? "\n" : string.Empty).Append(TextOfBlock(block));
        }

        // Servers should repeat structured content as text, and some do not.
        return text.Length > 0 || result["structuredContent"] is not { } structured ? text.ToString() : structured.ToJsonString();
    }

    private static string TextOfBlock(JsonObject block) => Text(block, "type") switch
    {
        "text" => Text(block, "text") ?? string.Empty,
        "resource" when block["resource"] is JsonObject resource => Text(resource, "text") ?? $"[a resource that is no text: {Text(resource, "uri")}]",
        "resource_link" => $"[a resource: {Text(block, "uri")}]",
        var type => $"[{type ?? "something"} of type {Text(block, "mimeType") ?? "unknown"}, which cannot be shown as text]",
    };

    private static string? Text(JsonObject item, string member) => item[member] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static string Cut(string text) => text.Length <= MaxResult ? text : $"{text[..MaxResult]}\n[cut: {text.Length - MaxResult} characters more]";
}
