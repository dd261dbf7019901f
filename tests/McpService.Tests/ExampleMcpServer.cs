using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace McpPlatform.McpService.Tests;

/// <summary>An MCP server written by hand, so that it can do what no SDK lets a server do.</summary>
public sealed class ExampleMcpServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, bool> sessions = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource<JsonNode?> cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ExampleMcpServer(WebApplication app) => this.app = app;

    public string Url { get; private set; } = string.Empty;

    /// <summary>Every message that came, with its headers.</summary>
    public ConcurrentQueue<(JsonObject Message, IHeaderDictionary Headers)> Received { get; } = new();

    /// <summary>Ends with the id of the first request that a client cancelled.</summary>
    public Task<JsonNode?> Cancelled => cancelled.Task;

    /// <summary>Ends when a slow tool's connection was closed under it.</summary>
    public TaskCompletionSource Aborted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Speaks 2026-07-28 instead of sessions.</summary>
    public bool Modern { get; set; }

    /// <summary>Says that a session is gone as the TypeScript examples do: 400 instead of 404.</summary>
    public bool SaysGoneWith400 { get; set; }

    /// <summary>Answers instead of the server, when it says so.</summary>
    public Func<HttpContext, JsonObject, Task<bool>>? Intercept { get; set; }

    /// <summary>Accepts everything and answers nothing.</summary>
    public bool Hangs { get; set; }

    /// <summary>Whether a bearer token is let in, and the challenge for those that are not; anybody when null.</summary>
    public (Func<string, bool> IsGood, string Challenge)? Tokens { get; set; }

    /// <summary>Values of X-Key that are let in; anybody when null.</summary>
    public HashSet<string>? Keys { get; set; }

    /// <summary>The tasks that calls of <c>job</c> have become, and how they are.</summary>
    public ConcurrentDictionary<string, string> Tasks { get; } = new(StringComparer.Ordinal);

    public int SessionsOpened { get; private set; }

    public int SessionsOpen => sessions.Count;

    public JsonArray Tools { get; set; } = [.. ((string[])["echo", "slow", "big", "big-stream", "refused", "failing", "garbage", "dies", "asks", "a/b", "job"]).Select(name =>
        new JsonObject { ["name"] = name, ["inputSchema"] = new JsonObject { ["type"] = "object", ["x-unknown"] = 1.10m }, ["futureMember"] = new JsonObject { ["kept"] = true } })];

    public static async Task<ExampleMcpServer> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = new ExampleMcpServer(builder.Build());
        server.app.Urls.Add($"http://127.0.0.1:{port}");
        server.app.MapPost("/mcp", server.AnswerAsync);
        server.app.MapGet("/redirect", () => Results.Redirect("/mcp"));
        server.app.MapPost("/redirect", () => Results.Redirect("/mcp", preserveMethod: true));
        server.app.MapPost("/locked", () => Results.Unauthorized());
        server.app.MapDelete("/mcp", (HttpRequest request) => server.sessions.TryRemove(request.Headers["Mcp-Session-Id"].ToString(), out _));
        await server.app.StartAsync();
        server.Url = server.app.Urls.First() + "/mcp";
        return server;
    }

    /// <summary>Forgets every session, as a server that was restarted does.</summary>
    public void Forget() => sessions.Clear();

    public IReadOnlyList<JsonObject> Calls(string tool) =>
        [.. Received.Select(x => x.Message).Where(message => (string?)message["method"] == "tools/call" && (string?)message["params"]!["name"] == tool)];

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var message = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
        Received.Enqueue((message, new HeaderDictionary(context.Request.Headers.ToDictionary())));
        if (Keys?.Contains(context.Request.Headers["X-Key"].ToString()) == false)
        {
            context.Response.StatusCode = 401;
            return;
        }

        if (Tokens is { } tokens && !tokens.IsGood(context.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal)))
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = tokens.Challenge;
            return;
        }

        if (Intercept is { } intercept && await intercept(context, message))
        {
            return;
        }

        if (Hangs)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }

        var method = (string?)message["method"];
        var session = context.Request.Headers["Mcp-Session-Id"].ToString();
        if (method == "initialize" && !Modern)
        {
            await InitializeAsync(context, message);
        }
        else if (!Modern && !sessions.ContainsKey(session))
        {
            context.Response.StatusCode = session.Length == 0 || SaysGoneWith400 ? 400 : 404;
            await ErrorAsync(context, message, -32000, "Bad Request: No valid session ID provided");
        }
        else if (message["id"] is null)
        {
            if (method == "notifications/cancelled")
            {
                cancelled.TrySetResult(message["params"]!["requestId"]);
            }

            context.Response.StatusCode = 202;
        }
        else
        {
            await AnswerAsync(context, message, method);
        }
    }

    private async Task AnswerAsync(HttpContext context, JsonObject message, string? method)
    {
        switch (method)
        {
            case "server/discover" when Modern:
                await ResultAsync(context, message, new() { ["supportedVersions"] = new JsonArray("2026-07-28"), ["capabilities"] = new JsonObject { ["tools"] = new JsonObject(), ["extensions"] = new JsonObject { ["io.modelcontextprotocol/tasks"] = new JsonObject() } }, ["resultType"] = "complete" });
                break;
            case "tools/list":
                await ListAsync(context, message);
                break;
            case "tools/call":
                await CallAsync(context, message);
                break;
            case "tasks/get" or "tasks/result" or "tasks/cancel" or "tasks/update":
                await AnswerTaskAsync(context, message, method);
                break;
            default:
                context.Response.StatusCode = Modern ? 404 : 200;
                await ErrorAsync(context, message, -32601, "Method not found");
                break;
        }
    }

    private Task InitializeAsync(HttpContext context, JsonObject message)
    {
        SessionsOpened++;
        var session = Guid.CreateVersion7().ToString("N");
        sessions[session] = true;
        context.Response.Headers["Mcp-Session-Id"] = session;
        return ResultAsync(context, message, new()
        {
            ["protocolVersion"] = "2025-11-25",
            ["capabilities"] = new JsonObject
            {
                ["tools"] = new JsonObject(),
                ["tasks"] = new JsonObject { ["list"] = new JsonObject(), ["cancel"] = new JsonObject(), ["requests"] = new JsonObject { ["tools"] = new JsonObject { ["call"] = new JsonObject() } } },
            },
            ["serverInfo"] = new JsonObject { ["name"] = "example", ["version"] = "1" },
        });
    }

    // Three tools a page.
    private Task ListAsync(HttpContext context, JsonObject message)
    {
        var from = int.Parse((string?)message["params"]?["cursor"] ?? "0");
        var result = new JsonObject { ["tools"] = new JsonArray([.. Tools.Skip(from).Take(3).Select(tool => tool!.DeepClone())]) };
        if (from + 3 < Tools.Count)
        {
            result["nextCursor"] = $"{from + 3}";
        }

        return ResultAsync(context, message, result);
    }

    private async Task CallAsync(HttpContext context, JsonObject message)
    {
        var parameters = (JsonObject)message["params"]!;
        switch ((string?)parameters["name"])
        {
            case "slow":
                try
                {
                    await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted);
                }
                catch (OperationCanceledException)
                {
                    Aborted.TrySetResult();
                }

                break;
            case "big":
                await ResultAsync(context, message, Text(new string('x', 9 * 1024 * 1024)));
                break;
            case "big-stream":
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync($"id: 1\ndata: {Reply(message, Text(new string('x', 9 * 1024 * 1024))).ToJsonString()}\n\n");
                break;
            case "refused":
                await ErrorAsync(context, message, -32602, "Invalid params: 'a' must be a number");
                break;
            case "failing":
                await ResultAsync(context, message, Text("it did not work", isError: true));
                break;
            case "garbage":
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync("{\"jsonrpc\":\"2.0\",\"id\":");
                break;
            case "dies":
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync("data: {\"jsonrpc\":");
                await context.Response.Body.FlushAsync();
                context.Abort();
                break;
            case "job" when Modern && KnowsTasks(parameters["_meta"]):
                await ResultAsync(context, message, new() { ["resultType"] = "task", ["taskId"] = NewTask(), ["status"] = "working", ["ttlMs"] = 60_000, ["pollIntervalMs"] = 100 });
                break;
            case "job" when !Modern && parameters["task"] is JsonObject:
                await ResultAsync(context, message, new() { ["task"] = new JsonObject { ["taskId"] = NewTask(), ["status"] = "working", ["ttl"] = 60_000 } });
                break;
            case "asks" when Modern:
                await ResultAsync(context, message, new() { ["resultType"] = "input_required", ["inputRequests"] = new JsonObject() });
                break;
            default:
                var result = Text((string?)parameters["arguments"]?["message"] ?? string.Empty);
                result["structuredContent"] = new JsonObject { ["number"] = JsonNode.Parse("1.10"), ["arguments"] = parameters["arguments"]?.DeepClone() };
                result["_meta"] = new JsonObject { ["example/traceparent"] = parameters["_meta"]?["traceparent"]?.DeepClone() };
                result["futureMember"] = new JsonArray(1, null, "two");
                await ResultAsync(context, message, result);
                break;
        }
    }

    private static bool KnowsTasks(JsonNode? meta) => meta?["io.modelcontextprotocol/clientCapabilities"]?["extensions"]?["io.modelcontextprotocol/tasks"] is JsonObject;

    private string NewTask()
    {
        var id = $"task-{Tasks.Count + 1}";
        Tasks[id] = "working";
        return id;
    }

    private Task AnswerTaskAsync(HttpContext context, JsonObject message, string method)
    {
        var id = (string?)message["params"]!["taskId"] ?? string.Empty;
        if (!Tasks.TryGetValue(id, out var status) || (Modern && context.Request.Headers["Mcp-Name"] != id))
        {
            return ErrorAsync(context, message, -32602, "Task not found");
        }

        Tasks[id] = method == "tasks/cancel" ? "cancelled" : status;
        var done = Text("the job is done");
        done["_meta"] = new JsonObject { ["io.modelcontextprotocol/related-task"] = new JsonObject { ["taskId"] = id } };
        return ResultAsync(context, message, method switch
        {
            "tasks/result" => done,
            "tasks/update" => new() { ["resultType"] = "complete" },
            _ when Modern => new() { ["resultType"] = "complete", ["taskId"] = id, ["status"] = Tasks[id], ["result"] = done },
            _ => new() { ["taskId"] = id, ["status"] = Tasks[id] },
        });
    }

    private static JsonObject Text(string text, bool? isError = null)
    {
        var result = new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) };
        if (isError is not null)
        {
            result["isError"] = isError;
        }

        return result;
    }

    private static JsonObject Reply(JsonObject message, JsonObject result) => new() { ["jsonrpc"] = "2.0", ["id"] = message["id"]?.DeepClone(), ["result"] = result };

    private static Task ResultAsync(HttpContext context, JsonObject message, JsonObject result) => context.Response.WriteAsJsonAsync(Reply(message, result));

    private static Task ErrorAsync(HttpContext context, JsonObject message, int code, string text) => context.Response.WriteAsJsonAsync(
        new JsonObject { ["jsonrpc"] = "2.0", ["id"] = message["id"]?.DeepClone(), ["error"] = new JsonObject { ["code"] = code, ["message"] = text } });
}
