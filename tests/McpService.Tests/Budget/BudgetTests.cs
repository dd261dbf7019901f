using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.ML.Tokenizers;

namespace McpPlatform.McpService.Tests.Budget;

/// <summary>What tools cost of a model's context, and whether anybody uses them.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class BudgetTests(McpServiceApplication application) : IAsyncLifetime
{
    private const string Small = """{"name":"small","description":"Adds."}""";
    private static readonly string Large = $$"""{"name":"large","description":"{{string.Join(' ', Enumerable.Repeat("elaborate", 500))}}"}""";

    private ExampleMcpServer upstream = null!;
    private HttpClient admin = null!;
    private string server = string.Empty;

    public async ValueTask InitializeAsync()
    {
        upstream = await ExampleMcpServer.StartAsync();
        upstream.Tools = [JsonNode.Parse(Small), JsonNode.Parse(Large)];
        server = await application.RegisterAsync(upstream.Url);
        admin = application.Admin();
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync($"/api/mcp/servers/{server}/tools")).StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        await upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_tool_has_the_tokens_of_its_definition_wherever_it_is_shown()
    {
        var tokenizer = TiktokenTokenizer.CreateForModel("gpt-4o");
        var (small, large) = (tokenizer.CountTokens(Small), tokenizer.CountTokens(Large));
        Assert.InRange(large, 500, 1_100);
        var listed = (await (await admin.GetAsync($"/api/mcp/servers/{server}/tools")).JsonAsync()).GetProperty("items").EnumerateArray();
        Assert.Equal([small, large], listed.Select(tool => tool.GetProperty("_meta").GetProperty("mcpplatform/tokens").GetInt32()));
        var found = (await (await admin.GetAsync($"/api/mcp/tools?search={server}")).JsonAsync()).GetProperty("items").EnumerateArray();
        Assert.Equal([large, small], found.Select(tool => tool.GetProperty("tokens").GetInt32()));
        Assert.Equal([large, small], (await UsageAsync(string.Empty)).Select(tool => tool.GetProperty("tokens").GetInt32()));
    }

    [Fact]
    public async Task A_bundle_adds_up_and_keeps_to_its_limit()
    {
        var name = McpServiceApplication.NewName();
        var body = new { name, servers = new[] { new { name = server } }, token_limit = 100 };
        using var refused = await admin.PostAsJsonAsync("/api/mcp/bundles", body);
        await refused.AssertInvalidAsync("token_limit");
        Assert.Contains($"{server}/large", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, (await admin.PostAsJsonAsync("/api/mcp/bundles", new { name, servers = new[] { new { name = server, tools = new[] { "small" } } }, token_limit = 100 })).StatusCode);
        await (await admin.PatchAsJsonAsync($"/api/mcp/bundles/{name}", new { servers = new[] { new { name = server } } })).AssertInvalidAsync("token_limit");
        Assert.Equal(HttpStatusCode.OK, (await admin.PatchAsJsonAsync($"/api/mcp/bundles/{name}", new { token_limit = 5_000, servers = new[] { new { name = server } } })).StatusCode);
        await (await admin.PatchAsJsonAsync($"/api/mcp/bundles/{name}", new { token_limit = 100 })).AssertInvalidAsync("token_limit");
        await (await admin.PatchAsJsonAsync($"/api/mcp/bundles/{name}", new { token_limit = -1 })).AssertInvalidAsync("token_limit");

        var context = await (await admin.GetAsync($"/api/mcp/bundles/{name}/context")).JsonAsync();
        var tools = context.GetProperty("tools").EnumerateArray().ToList();
        Assert.Equal(["large", "small"], tools.Select(tool => tool.GetProperty("tool").GetString()));
        Assert.Equal(tools.Sum(tool => tool.GetProperty("tokens").GetInt32()), context.GetProperty("tokens").GetInt32());
        Assert.Equal(5_000, context.GetProperty("token_limit").GetInt32());
        Assert.Equal(HttpStatusCode.OK, (await admin.PatchAsJsonAsync($"/api/mcp/bundles/{name}", new { token_limit = 0 })).StatusCode);
        Assert.Equal(JsonValueKind.Null, (await (await admin.GetAsync($"/api/mcp/bundles/{name}")).JsonAsync()).TryGetProperty("token_limit", out var limit) ? limit.ValueKind : JsonValueKind.Null);
    }

    [Fact]
    public async Task Calls_are_counted_and_tools_that_nobody_calls_are_found()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/small/call", new { })).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/none/call", new { })).StatusCode);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        while ((await UsageAsync(string.Empty)).Single(tool => tool.GetProperty("tool").GetString() == "small").GetProperty("calls").GetInt64() < 3)
        {
            await Task.Delay(100, patience.Token);
        }

        Assert.Empty(await UsageAsync("&unused_days=30"));
        var longAgo = DateTimeOffset.UtcNow.AddDays(-40);
        await application.InDatabaseAsync(db => db.Tools.Where(tool => db.Servers.Any(row => row.Id == tool.ServerId && row.Name == server))
            .ExecuteUpdateAsync(set => set.SetProperty(tool => tool.FirstSeenAt, longAgo)));
        Assert.Equal("large", Assert.Single(await UsageAsync("&unused_days=30")).GetProperty("tool").GetString());
        Assert.Empty(await UsageAsync("&unused_days=60"));
        await (await admin.GetAsync("/api/mcp/tools/usage?unused_days=0")).AssertInvalidAsync("unused_days");
    }

    // All tools of all tests are there: page by page to this server's.
    private async Task<List<JsonElement>> UsageAsync(string query)
    {
        List<JsonElement> items = [];
        string? cursor = null;
        do
        {
            var page = await (await admin.GetAsync($"/api/mcp/tools/usage?limit=200{query}{(cursor is null ? string.Empty : $"&cursor={Uri.EscapeDataString(cursor)}")}")).JsonAsync();
            items.AddRange(page.GetProperty("items").EnumerateArray().Where(tool => tool.GetProperty("server").GetString() == server).Select(tool => tool.Clone()));
            cursor = page.TryGetProperty("next_cursor", out var next) && next.ValueKind == JsonValueKind.String ? next.GetString() : null;
        }
        while (cursor is not null);
        return items;
    }
}
