using System.Net;
using System.Text.Json.Nodes;

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>What a client sees while a tool says nothing.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class KeepAliveTests(McpServiceApplication application) : IAsyncLifetime
{
    private static readonly Dictionary<string, string?> Often = new(StringComparer.Ordinal) { ["McpStream:KeepAlive"] = "00:00:00.200", ["Upstream:CallTimeout"] = "00:00:02" };
    private ExampleMcpServer upstream = null!;
    private string server = string.Empty;

    public async ValueTask InitializeAsync()
    {
        upstream = await ExampleMcpServer.StartAsync();
        server = await application.RegisterAsync(upstream.Url);
    }

    public async ValueTask DisposeAsync()
    {
        using var admin = application.Admin();
        await admin.DeleteAsync($"/api/mcp/servers/{server}");
        await upstream.DisposeAsync();
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_silent_call_is_seen_to_live_and_ends_with_its_answer(bool isModern, bool serverIsModern)
    {
        upstream.Modern = serverIsModern;
        var (replica, client) = application.StartReplicaFor(Guid.CreateVersion7(), Often);
        await using var stop = replica;
        using var http = client;
        using var response = isModern
            ? await RawMcp.SendModernAsync(client, "/mcp", $"{server}__slow", [])
            : await RawMcp.SendAsync(client, "/mcp", RawMcp.Call(7, $"{server}__slow", []), await OpenAsync(client));
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        var text = await response.Content.ReadAsStringAsync();
        Assert.InRange(text.Split(": keep-alive\n\n").Length - 1, 3, 20);
        var answer = JsonNode.Parse(text.Split('\n').Last(line => line.StartsWith("data:", StringComparison.Ordinal) && line.Length > 6)[5..])!;
        Assert.True((bool)answer["result"]!["isError"]!);
    }

    [Fact]
    public async Task Headers_come_before_the_first_word_and_an_error_after_them_is_an_event()
    {
        upstream.Modern = true;
        var (replica, client) = application.StartReplicaFor(Guid.CreateVersion7(), new(Often, StringComparer.Ordinal) { ["Upstream:ListTimeout"] = "00:00:02" });
        await using var stop = replica;
        using var http = client;
        upstream.Hangs = true;

        // A tool that the platform does not know yet: all servers are asked first, and one of them is silent.
        using var response = await RawMcp.SendModernAsync(client, "/mcp", $"{server}__unknown", []);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(": keep-alive", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(-32602, (int)(await RawMcp.MessageAsync(response))["error"]!["code"]!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_is_all_there_is_to_say_goes_out_in_one_piece(bool isModern)
    {
        var (replica, client) = application.StartReplicaFor(Guid.CreateVersion7(), new(Often, StringComparer.Ordinal) { ["McpStream:KeepAlive"] = "00:05:00" });
        await using var stop = replica;
        using var http = client;
        var session = isModern ? null : await OpenAsync(client);

        Task<HttpResponseMessage> CallAsync(string tool, JsonObject arguments) => isModern
            ? RawMcp.SendModernAsync(client, "/mcp", $"{server}__{tool}", arguments)
            : RawMcp.SendAsync(client, "/mcp", RawMcp.Call(7, $"{server}__{tool}", arguments), session);

        using var small = await CallAsync("echo", new() { ["message"] = "hello" });
        Assert.Null(small.Headers.TransferEncodingChunked);
        Assert.NotNull((await RawMcp.MessageAsync(small))["result"]);
    }

    [Fact]
    public async Task A_long_answer_goes_out_as_it_is_written()
    {
        upstream.Tools = [.. Enumerable.Range(0, 300).Select(number => new JsonObject
        {
            ["name"] = $"tool-{number}", ["description"] = new string('x', 500), ["inputSchema"] = new JsonObject { ["type"] = "object" },
        })];
        using var admin = application.Admin();
        (await admin.PostAsync($"/api/mcp/servers/{server}/refresh", null)).EnsureSuccessStatusCode();
        using var client = application.Admin();
        using var response = await RawMcp.SendAsync(client, "/mcp", new() { ["jsonrpc"] = "2.0", ["id"] = 7, ["method"] = "tools/list" }, await OpenAsync(client));
        Assert.True(response.Headers.TransferEncodingChunked);
        Assert.Equal(300, (await RawMcp.MessageAsync(response))["result"]!["tools"]!.AsArray().Count(tool => ((string)tool!["name"]!).Contains("tool-", StringComparison.Ordinal)));
    }

    private static async Task<string> OpenAsync(HttpClient client)
    {
        using var response = await RawMcp.SendAsync(client, "/mcp", RawMcp.Initialize(), null);
        return response.Headers.GetValues("Mcp-Session-Id").Single();
    }
}
