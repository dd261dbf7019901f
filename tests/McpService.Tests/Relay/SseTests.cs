using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>Servers that speak HTTP with SSE, the transport of 2024-11-05: the SDK's, and one written by hand.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class SseTests(McpServiceApplication application) : IAsyncLifetime
{
    private readonly HttpClient admin = application.Admin();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        admin.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_client_can_call_be_asked_and_hear_of_progress(bool isModern)
    {
        await using var server = await FixtureServer.StartAsync(isModern: false);
        var name = await application.RegisterAsync(server.SseUrl, transport: "sse");
        var handlers = new McpClientHandlers
        {
            ElicitationHandler = (_, _) => ValueTask.FromResult(new ElicitResult { Action = "accept", Content = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { ["name"] = JsonSerializer.SerializeToElement("Ann") } }),
        };
        await using var client = await application.ConnectAsync("/mcp", isModern, handlers, [.. Permissions.Catalogue.Keys]);
        await client.ListToolsAsync();
        Assert.Equal("Hello Ann", ((TextContentBlock)(await client.CallToolAsync($"{name}__asks_name")).Content[0]).Text);

        var messages = await RawMcp.MessagesAsync(await RawMcp.SendModernAsync(admin, "/mcp", $"{name}__progresses", []));
        Assert.Equal([1, 2, 3], messages.SkipLast(1).Select(message => (int)message["params"]!["progress"]!));
        Assert.Equal("done", (string?)messages[^1]["result"]!["content"]![0]!["text"]);
    }

    [Fact]
    public async Task Calls_at_once_on_one_stream_have_each_its_own_answer()
    {
        await using var server = await SseStandIn.StartAsync();
        var name = await application.RegisterAsync(server.Url, transport: "sse");
        Assert.Equal("first", await SayAsync(name, "first"));
        await Parallel.ForEachAsync(Enumerable.Range(0, 40), new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (i, _) => Assert.Equal($"m{i}", await SayAsync(name, $"m{i}")));
        using var tools = await admin.GetAsync($"/api/mcp/servers/{name}");
        Assert.Equal("sse", (await tools.JsonAsync()).GetProperty("transport").GetString());

        Assert.InRange(server.Streams, 1, 3);
        await admin.DeleteAsync($"/api/mcp/servers/{name}");
        await UntilAsync(() => Task.FromResult(server.Streams == 0));
    }

    [Fact]
    public async Task A_credential_is_shown_on_the_stream_and_with_each_message()
    {
        await using var server = await SseStandIn.StartAsync();
        var name = McpServiceApplication.NewName();
        Assert.Equal(HttpStatusCode.Created, (await admin.PostAsJsonAsync("/api/mcp/servers", new { name, transport = "sse", url = server.Url, headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["X-Key"] = "one" } })).StatusCode);
        Assert.Equal("hello", await SayAsync(name, "hello"));
        Assert.Equal(["GET one", "POST one"], server.Shown.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

        (await admin.PutAsJsonAsync($"/api/mcp/servers/{name}/credential", new { headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["X-Key"] = "two" } })).EnsureSuccessStatusCode();
        await UntilAsync(async () => await SayAsync(name, "hello") == "hello" && server.Shown.Contains("POST two"));
    }

    [Fact]
    public async Task A_stream_that_ends_is_opened_again_and_no_call_is_made_twice()
    {
        await using var server = await SseStandIn.StartAsync();
        var name = await application.RegisterAsync(server.Url, transport: "sse");
        Assert.Equal("before", await SayAsync(name, "before"));
        await AssertFailsAsync(name, "die", HttpStatusCode.ServiceUnavailable, "ended the stream of its messages");
        Assert.Equal("after", await SayAsync(name, "after"));

        server.EndStreams();
        await UntilAsync(() => Task.FromResult(server.Streams == 0));
        Assert.Equal("again", await SayAsync(name, "again"));
    }

    [Fact]
    public async Task A_message_is_limited_and_the_stream_is_not()
    {
        await using var server = await SseStandIn.StartAsync();
        var name = await application.RegisterAsync(server.Url, transport: "sse");
        Assert.Equal("nothing", await SayAsync(name, null, "grow"));
        await AssertFailsAsync(name, "flood", HttpStatusCode.ServiceUnavailable, "which is the most that is accepted");
        Assert.Equal("well", await SayAsync(name, "well"));
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/messages", "sse", "at another host than the one that is registered")]
    [InlineData("https://example.com/messages", "sse", "at another host than the one that is registered")]
    [InlineData(null, "moved", "register the address that it leads to")]
    [InlineData(null, "locked", "wants credentials that it was not given (HTTP 401)")]
    [InlineData(null, "page", "does not answer with a stream of events")]
    [InlineData(null, "nothing", "it may be one for \"transport\": \"http\"")]
    public async Task What_is_no_such_server_is_told_why(string? address, string path, string sentence)
    {
        await using var server = await SseStandIn.StartAsync();
        server.OtherAddress = address;
        var name = await application.RegisterAsync(server.Url.Replace("/sse", $"/{path}", StringComparison.Ordinal), transport: "sse");
        JsonElement status = default;
        await UntilAsync(async () => (status = await (await admin.GetAsync($"/api/mcp/servers/{name}/status")).JsonAsync()).GetProperty("status").GetString() == "unhealthy");
        Assert.Contains(sentence, string.Concat(status.EnumerateObject().Select(part => part.Value.ToString())).Replace("\\u0022", "\"", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal), StringComparison.Ordinal);
        await UntilAsync(() => Task.FromResult(server.Streams == 0));
    }

    private async Task<string> SayAsync(string server, string? text, string tool = "say")
    {
        using var response = await admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/{tool}/call", new { arguments = new { text } });
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return (string)JsonNode.Parse(body)!["content"]![0]!["text"]!;
    }

    private async Task AssertFailsAsync(string server, string tool, HttpStatusCode status, string sentence)
    {
        using var response = await admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/{tool}/call", new { });
        Assert.Contains(sentence, (await response.AssertProblemAsync(status)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        while (!await condition())
        {
            await Task.Delay(50, patience.Token);
        }
    }
}
