using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpPlatform.McpService.Tests.Chat;

/// <summary>As much of the OpenAI API's chat completions, streamed, as its documentation promises. What it says is scripted, one answer for each request.</summary>
internal sealed class ModelStandIn : IAsyncDisposable
{
    public const string Key = "sk-key-of-the-model";
    private readonly WebApplication app;

    private ModelStandIn(WebApplication app) => this.app = app;

    public string Url { get; private set; } = string.Empty;

    /// <summary>What was asked.</summary>
    public ConcurrentQueue<JsonObject> Asked { get; } = new();

    public ConcurrentQueue<Func<HttpContext, Task>> Script { get; } = new();

    /// <summary>Ends when a client went away in the middle of an answer.</summary>
    public TaskCompletionSource Aborted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Dictionary<string, string?> Settings => new(StringComparer.Ordinal) { ["LLM_BASE_URL"] = Url, ["LLM_API_KEY"] = Key, ["LLM_MODEL"] = "model-1", ["LLM_MAX_STEPS"] = "3", ["LLM_TIMEOUT_SECONDS"] = "3" };

    public static async Task<ModelStandIn> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var model = new ModelStandIn(builder.Build());
        model.app.Urls.Add("http://127.0.0.1:0");
        model.app.MapPost("/v1/chat/completions", model.AnswerAsync);
        await model.app.StartAsync();
        model.Url = model.app.Urls.First() + "/v1";
        return model;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    /// <summary>Says something, in these pieces.</summary>
    public void Say(params string[] pieces) => Script.Enqueue(context => StreamAsync(context, [.. pieces.Select(piece => Delta(new JsonObject { ["content"] = piece })), Finish("stop")]));

    /// <summary>Wants tools called; the arguments come in pieces of three characters, as they do in reality.</summary>
    public void Call(params (string Id, string Tool, string Arguments)[] calls) => Script.Enqueue(context => StreamAsync(context,
    [
        .. calls.SelectMany((call, index) => call.Arguments.Chunk(3).Select((piece, at) => Delta(new JsonObject
        {
            ["tool_calls"] = new JsonArray(at == 0
                ? new JsonObject { ["index"] = index, ["id"] = call.Id, ["type"] = "function", ["function"] = new JsonObject { ["name"] = call.Tool, ["arguments"] = new string(piece) } }
                : new JsonObject { ["index"] = index, ["function"] = new JsonObject { ["arguments"] = new string(piece) } }),
        }))),
        Finish("tool_calls"),
    ]));

    public void Fail(int status, string message) => Script.Enqueue(async context =>
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(new { error = new { message, type = "error" } });
    });

    public static JsonObject Delta(JsonObject delta) => Chunk(new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = null }));

    public static JsonObject Finish(string reason) => Chunk(new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = new JsonObject(), ["finish_reason"] = reason }));

    public static async Task StreamAsync(HttpContext context, IEnumerable<JsonObject> chunks)
    {
        context.Response.ContentType = "text/event-stream";
        foreach (var chunk in chunks)
        {
            await context.Response.WriteAsync($"data: {chunk.ToJsonString()}\n\n");
            await context.Response.Body.FlushAsync();
        }

        var usage = Chunk([]);
        usage["usage"] = new JsonObject { ["prompt_tokens"] = 100, ["completion_tokens"] = 10, ["total_tokens"] = 110 };
        await context.Response.WriteAsync($"data: {usage.ToJsonString()}\n\ndata: [DONE]\n\n");
    }

    private static JsonObject Chunk(JsonArray choices) =>
        new() { ["id"] = "chatcmpl-1", ["object"] = "chat.completion.chunk", ["created"] = 1, ["model"] = "model-1", ["choices"] = choices };

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization != $"Bearer {Key}")
        {
            context.Response.StatusCode = 401;
            return;
        }

        Asked.Enqueue((await JsonSerializer.DeserializeAsync<JsonObject>(context.Request.Body))!);
        if (!Script.TryDequeue(out var answer))
        {
            context.Response.StatusCode = 500;
            return;
        }

        try
        {
            await answer(context);
        }
        finally
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                Aborted.TrySetResult();
            }
        }
    }
}
