using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace McpPlatform.McpService.Tests.Endurance;

/// <summary>Servers that lie, flood, drip and die when a tool is called: each is a clear error within the deadline, and takes nothing from the servers beside it.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class HostileCallTests(McpServiceApplication application) : IAsyncLifetime
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(8);
    private readonly HttpClient admin = application.Admin();
    private ExampleMcpServer hostile = null!, well = null!;
    private string bad = string.Empty, good = string.Empty;

    public async ValueTask InitializeAsync()
    {
        hostile = await ExampleMcpServer.StartAsync();
        well = await ExampleMcpServer.StartAsync();
        (bad, good) = (await application.RegisterAsync(hostile.Url), await application.RegisterAsync(well.Url));
        foreach (var name in (string[])[bad, good])
        {
            Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync($"/api/mcp/servers/{name}/refresh", null)).StatusCode);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await admin.DeleteAsync($"/api/mcp/servers/{bad}");
        await admin.DeleteAsync($"/api/mcp/servers/{good}");
        admin.Dispose();
        await hostile.DisposeAsync();
        await well.DisposeAsync();
    }

    public static TheoryData<string> CallLies() =>
    [
        "another id", "an id that is text", "a batch", "result and error", "neither", "html", "no body", "wrong length", "deep", "a key twice", "dies in a stream", "flood", "drip", "metadata address", "elsewhere", "created",
        "error that is no object", "result that is text",
    ];

    [Theory]
    [MemberData(nameof(CallLies))]
    public async Task A_call_that_is_answered_so_is_a_clear_error(string lie)
    {
        hostile.Intercept = (context, message) => (string?)message["method"] == "tools/call" ? LieAsync(context, message, lie) : Task.FromResult(false);
        var watch = Stopwatch.StartNew();
        using var response = await admin.PostAsJsonAsync($"/api/mcp/servers/{bad}/tools/echo/call", new { timeout_ms = 3_000 });
        Assert.True(watch.Elapsed < Longest, $"It took {watch.Elapsed}.");
        Assert.Contains(response.StatusCode, (HttpStatusCode[])[HttpStatusCode.BadGateway, HttpStatusCode.GatewayTimeout, HttpStatusCode.ServiceUnavailable, HttpStatusCode.UnprocessableEntity]);
        var detail = (await response.JsonAsync()).GetProperty("detail").GetString()!;
        Assert.StartsWith($"The MCP server '{bad}' ", detail, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsJsonAsync($"/api/mcp/servers/{good}/tools/echo/call", new { })).StatusCode);

        // It is used again once it behaves, and at once: one bad answer is not held against it.
        hostile.Intercept = null;
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsJsonAsync($"/api/mcp/servers/{bad}/tools/echo/call", new { })).StatusCode);
    }

    [Fact]
    public async Task A_second_answer_changes_nothing()
    {
        hostile.Intercept = async (context, message) =>
        {
            if ((string?)message["method"] != "tools/call")
            {
                return false;
            }

            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($"data: {Reply(message, Text("first")).ToJsonString()}\n\ndata: {Reply(message, Text("second")).ToJsonString()}\n\n");
            return true;
        };
        for (var round = 0; round < 3; round++)
        {
            var answer = await (await admin.PostAsJsonAsync($"/api/mcp/servers/{bad}/tools/echo/call", new { })).JsonAsync();
            Assert.Equal("first", answer.GetProperty("content")[0].GetProperty("text").GetString());
        }
    }

    private static async Task<bool> LieAsync(HttpContext context, JsonObject message, string lie)
    {
        var response = context.Response;
        var good = Reply(message, Text("a lie"));
        switch (lie)
        {
            case "another id":
                await JsonAsync(response, With(good, "id", 4711).ToJsonString());
                break;
            case "an id that is text":
                await JsonAsync(response, With(good, "id", message["id"]!.ToJsonString()).ToJsonString());
                break;
            case "a batch":
                await JsonAsync(response, new JsonArray(good).ToJsonString());
                break;
            case "result and error":
                await JsonAsync(response, With(good, "error", new JsonObject { ["code"] = -32000, ["message"] = "both" }).ToJsonString());
                break;
            case "neither":
                good.Remove("result");
                await JsonAsync(response, good.ToJsonString());
                break;
            case "error that is no object":
                good.Remove("result");
                await JsonAsync(response, With(good, "error", "text").ToJsonString());
                break;
            case "result that is text":
                await JsonAsync(response, With(good, "result", "text").ToJsonString());
                break;
            case "html":
                response.ContentType = "text/html";
                await response.WriteAsync("<html>Sign in</html>");
                break;
            case "no body":
                response.ContentType = "application/json";
                break;
            case "created":
                response.StatusCode = 202;
                break;
            case "wrong length":
                response.ContentLength = 10_000;
                await JsonAsync(response, good.ToJsonString());
                await response.Body.FlushAsync();
                context.Abort();
                break;
            case "deep":
                await JsonAsync(response, $$$"""{"jsonrpc":"2.0","id":{{{message["id"]!.ToJsonString()}}},"result":{{{new string('[', 10_000)}}}{{{new string(']', 10_000)}}}}""");
                break;
            case "a key twice":
                await JsonAsync(response, $$$"""{"jsonrpc":"2.0","id":{{{message["id"]!.ToJsonString()}}},"result":{"content":[],"content":[]}}""");
                break;
            case "dies in a stream":
                response.ContentType = "text/event-stream";
                await response.WriteAsync("data: {\"jsonrpc\":\"2.0\",");
                await response.Body.FlushAsync();
                context.Abort();
                break;
            case "flood":
                response.ContentType = "text/event-stream";
                var notification = $"data: {new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "notifications/message", ["params"] = new JsonObject { ["level"] = "info", ["data"] = new string('x', 50_000) } }.ToJsonString()}\n\n";
                while (!context.RequestAborted.IsCancellationRequested)
                {
                    await response.WriteAsync(notification, context.RequestAborted);
                }

                break;
            case "drip":
                response.ContentType = "application/json";
                foreach (var character in good.ToJsonString())
                {
                    await response.WriteAsync(character.ToString(), context.RequestAborted);
                    await response.Body.FlushAsync(context.RequestAborted);
                    await Task.Delay(500, context.RequestAborted);
                }

                break;
            case "metadata address":
                response.Redirect("http://169.254.169.254/latest/meta-data/", permanent: false, preserveMethod: true);
                break;
            case "elsewhere":
                response.Redirect("http://mcp.example.invalid/mcp", permanent: true, preserveMethod: true);
                break;
        }

        return true;
    }

    private static JsonObject With(JsonObject item, string member, JsonNode value)
    {
        item[member] = value;
        return item;
    }

    private static JsonObject Text(string text) => new() { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) };

    private static JsonObject Reply(JsonObject message, JsonObject result) => new() { ["jsonrpc"] = "2.0", ["id"] = message["id"]?.DeepClone(), ["result"] = result };

    private static Task JsonAsync(HttpResponse response, string body)
    {
        response.ContentType = "application/json";
        return response.WriteAsync(body);
    }
}
