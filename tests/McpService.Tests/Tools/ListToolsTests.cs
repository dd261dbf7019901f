using System.Net;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Tools;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tests.Tools;

[Collection(McpServiceCollection.Name)]
public sealed class ListToolsTests(McpServiceApplication application) : IAsyncLifetime
{
    private ExampleMcpServer upstream = null!;
    private string server = string.Empty;

    public async ValueTask InitializeAsync()
    {
        upstream = await ExampleMcpServer.StartAsync();
        server = await application.RegisterAsync(upstream.Url);
    }

    public ValueTask DisposeAsync() => upstream.DisposeAsync();

    [Fact]
    public async Task List_tools_follows_all_pages_and_keeps_unknown_members()
    {
        var page = await ListAsync(HttpStatusCode.OK);
        var tools = page.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(upstream.Tools.Select(tool => (string?)tool!["name"]), tools.Select(tool => tool.GetProperty("name").GetString()));
        Assert.All(tools, tool => Assert.True(tool.GetProperty("futureMember").GetProperty("kept").GetBoolean()));
        Assert.All(tools, tool => Assert.Equal("1.10", tool.GetProperty("inputSchema").GetProperty("x-unknown").GetRawText()));
    }

    [Fact]
    public async Task List_tools_notes_each_definition_with_a_hash_that_ignores_the_order_of_keys()
    {
        upstream.Tools = [JsonNode.Parse("""{"name":"a","description":"d","inputSchema":{"x":1,"y":2}}"""), JsonNode.Parse("""{"name":"b"}""")];
        await ListAsync(HttpStatusCode.OK);
        var before = await NotedAsync();
        upstream.Tools = [JsonNode.Parse("""{"inputSchema":{"y":2,"x":1},"name":"a","description":"\u0064"}""")];
        await ListAsync(HttpStatusCode.OK);
        var after = await NotedAsync();
        Assert.Equal(before["a"].DefinitionHash, after["a"].DefinitionHash);
        Assert.Equal(before["a"].FirstSeenAt, after["a"].FirstSeenAt);
        Assert.Null(after["a"].RemovedAt);
        Assert.NotNull(after["b"].RemovedAt);
        upstream.Tools = [JsonNode.Parse("""{"name":"a","description":"D","inputSchema":{"x":1,"y":2}}""")];
        await ListAsync(HttpStatusCode.OK);
        Assert.NotEqual(before["a"].DefinitionHash, (await NotedAsync())["a"].DefinitionHash);
    }

    [Fact]
    public async Task List_tools_leaves_out_a_broken_tool_and_keeps_the_others()
    {
        upstream.Tools = [JsonNode.Parse("5"), JsonNode.Parse("""{"title":"no name"}"""), JsonNode.Parse("""{"name":"nul","description":"\u0000"}"""), JsonNode.Parse("""{"name":"whole"}""")];
        var page = await ListAsync(HttpStatusCode.OK);
        Assert.Equal(["whole"], page.GetProperty("items").EnumerateArray().Select(tool => tool.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task List_tools_says_in_words_what_is_wrong_with_a_server()
    {
        foreach (var (url, status, words) in new[]
        {
            ("http://127.0.0.1:9/mcp", HttpStatusCode.ServiceUnavailable, "does not accept connections"),
            ("http://no-such-host.invalid/mcp", HttpStatusCode.ServiceUnavailable, "host name is not known"),
            (upstream.Url.Replace("/mcp", "/nothing", StringComparison.Ordinal), HttpStatusCode.BadGateway, "HTTP 404"),
            (upstream.Url.Replace("/mcp", "/redirect", StringComparison.Ordinal), HttpStatusCode.BadGateway, "redirect"),
            (upstream.Url.Replace("/mcp", "/locked", StringComparison.Ordinal), HttpStatusCode.BadGateway, "credentials"),
        })
        {
            server = await application.RegisterAsync(url);
            var problem = await ListAsync(status);
            Assert.StartsWith($"The MCP server '{server}' ", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Contains(words, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    private async Task<System.Text.Json.JsonElement> ListAsync(HttpStatusCode status)
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        var response = await client.GetAsync($"/api/mcp/servers/{server}/tools");
        return status == HttpStatusCode.OK ? await response.JsonAsync() : await response.AssertProblemAsync(status);
    }

    private Task<Dictionary<string, Tool>> NotedAsync() => application.InDatabaseAsync(db =>
        db.Tools.AsNoTracking().Where(tool => db.Servers.Any(x => x.Id == tool.ServerId && x.Name == server)).ToDictionaryAsync(tool => tool.Name));
}
