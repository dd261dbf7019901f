using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>Several servers behind one endpoint, of which one is hung, or of the same names.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class PartialTests(McpServiceApplication application)
{
    [Fact]
    public async Task A_hung_server_costs_its_deadline_is_named_and_is_then_left_alone()
    {
        await using var hung = await ExampleMcpServer.StartAsync();
        await using var well = await FixtureServer.StartAsync(isModern: true);
        var (hungName, wellName) = (await application.RegisterAsync(hung.Url), await application.RegisterAsync(well.Url));
        hung.Hangs = true;
        await using var client = await ConnectAsync("always", [new(hungName), new(wellName)]);

        var watch = Stopwatch.StartNew();
        var first = await client.ListToolsAsync(new ListToolsRequestParams());
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.5, 4);
        Assert.Equal(6, first.Tools.Count);
        var missing = Assert.Single(first.Meta!["mcpplatform/missing"]!.AsArray())!;
        Assert.Equal(hungName, (string?)missing["server"]);
        Assert.Contains("within 1 s", (string?)missing["reason"], StringComparison.Ordinal);

        watch.Restart();
        Assert.Equal("hi", ((TextContentBlock)(await client.CallToolAsync($"{wellName}__echo"[..Math.Min(64, wellName.Length + 6)], new Dictionary<string, object?>(StringComparer.Ordinal) { ["message"] = "hi" })).Content[0]).Text);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"A call on another server took {watch.Elapsed}.");

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => client.ListToolsAsync(new ListToolsRequestParams()).AsTask()));
        watch.Restart();
        var later = await client.ListToolsAsync(new ListToolsRequestParams());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(0.5), $"A server that is left alone still cost {watch.Elapsed}.");
        Assert.Contains("left alone", later.Meta!["mcpplatform/missing"]![0]!["reason"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_without_a_schema_does_not_blind_clients_for_the_others()
    {
        await using var server = await ExampleMcpServer.StartAsync();
        server.Tools =
        [
            new JsonObject { ["name"] = "bare" }, new JsonObject { ["name"] = "open", ["inputSchema"] = new JsonObject { ["properties"] = new JsonObject { ["a"] = new JsonObject() } } },
            new JsonObject { ["name"] = "text", ["inputSchema"] = new JsonObject { ["type"] = "string" } }, new JsonObject { ["name"] = "wrong", ["inputSchema"] = 5 },
            new JsonObject { ["name"] = "echo", ["inputSchema"] = new JsonObject { ["type"] = "object" } },
        ];
        var name = await application.RegisterAsync(server.Url);
        await using var client = await ConnectAsync("never", [new(name)]);
        var tools = await client.ListToolsAsync();
        Assert.Equal(["bare", "echo", "open"], tools.Select(tool => tool.Name).Order());
        Assert.Equal("""{"properties":{"a":{}},"type":"object"}""", tools.Single(tool => tool.Name == "open").JsonSchema.GetRawText());
        Assert.NotEqual(true, (await client.CallToolAsync("bare")).IsError);
    }

    [Fact]
    public async Task A_server_that_is_back_is_listed_again()
    {
        await using var server = await ExampleMcpServer.StartAsync();
        var name = await application.RegisterAsync(server.Url);
        server.Hangs = true;
        await using var client = await ConnectAsync("never", [new(name)]);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => client.ListToolsAsync(new ListToolsRequestParams()).AsTask()));
        server.Hangs = false;

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        while ((await client.ListToolsAsync(new ListToolsRequestParams(), patience.Token)).Tools.Count == 0)
        {
            await Task.Delay(100, patience.Token);
        }
    }

    [Fact]
    public async Task Names_meet_as_the_bundle_says()
    {
        await using var one = await FixtureServer.StartAsync(isModern: true);
        await using var two = await FixtureServer.StartAsync(isModern: false);
        var (first, second) = ($"a{Guid.CreateVersion7():N}"[..12], $"b{Guid.CreateVersion7():N}"[^12..]);
        second = "b" + second[1..];
        await application.RegisterAsync(one.Url, first);
        await application.RegisterAsync(two.Url, second);

        await using (var never = await ConnectAsync("never", [new(second), new(first)]))
        {
            Assert.Equal(6, (await never.ListToolsAsync()).Count);
            Assert.Equal("x", ((TextContentBlock)(await never.CallToolAsync("echo", new Dictionary<string, object?>(StringComparer.Ordinal) { ["message"] = "x" })).Content[0]).Text);
        }

        await using (var conflict = await ConnectAsync("on_conflict", [new(first, ["echo"]), new(second)]))
        {
            var names = (await conflict.ListToolsAsync()).Select(tool => tool.Name).ToList();
            Assert.Equal(new[] { $"{first}__echo", $"{second}__echo", "asks_name", "asks_three", "fails", "links", "progresses" }.Order(StringComparer.Ordinal), names);
            Assert.Equal([$"mcp.{second}+fixture://text"], (await conflict.ListResourcesAsync()).Select(resource => resource.Uri));
            var read = await conflict.ReadResourceAsync($"mcp.{second}+fixture://item/3");
            Assert.Equal(($"mcp.{second}+fixture://item/3", "item 3"), (read.Contents[0].Uri, ((TextResourceContents)read.Contents[0]).Text));
            var link = (ResourceLinkBlock)(await conflict.CallToolAsync("links")).Content[0];
            Assert.Equal($"mcp.{second}+fixture://text", link.Uri);
        }

        await using var always = await ConnectAsync("always", [new(first), new(second)]);
        Assert.Equal([$"{first}__greet", $"{second}__greet"], (await always.ListPromptsAsync()).Select(prompt => prompt.Name));
        Assert.Equal("Greet Bob.", ((TextContentBlock)(await always.GetPromptAsync($"{second}__greet", new Dictionary<string, object?>(StringComparer.Ordinal) { ["who"] = "Bob" })).Messages[0].Content).Text);
    }

    [Fact]
    public async Task A_bundle_that_is_not_there_or_disabled_is_404_and_never_everything()
    {
        using var admin = application.Admin();
        var name = McpServiceApplication.NewName();
        foreach (var path in (string[])["/mcp/" + name, "/mcp/Not_A_Name", "/mcp/%20"])
        {
            using var answer = await admin.PostAsJsonAsync(path, new { jsonrpc = "2.0", id = 1, method = "tools/list" });
            Assert.Equal(System.Net.HttpStatusCode.NotFound, answer.StatusCode);
        }

        (await admin.PostAsJsonAsync("/api/mcp/bundles", new { name, servers = Array.Empty<object>(), enabled = false })).EnsureSuccessStatusCode();
        using var disabled = await admin.PostAsJsonAsync("/mcp/" + name, new { jsonrpc = "2.0", id = 1, method = "tools/list" });
        Assert.Equal(System.Net.HttpStatusCode.NotFound, disabled.StatusCode);
    }

    [Fact]
    public async Task Who_lacks_the_permission_is_told_which_scope_to_ask_for()
    {
        using var client = application.ClientWith(Permissions.McpServersRead);

        using var answer = await client.PostAsJsonAsync("/mcp", new { jsonrpc = "2.0", id = 1, method = "tools/list" });

        Assert.Equal(System.Net.HttpStatusCode.Forbidden, answer.StatusCode);
        var challenge = string.Join(", ", answer.Headers.GetValues("WWW-Authenticate"));
        Assert.Contains("error=\"insufficient_scope\"", challenge, StringComparison.Ordinal);
        Assert.Contains("scope=\"mcp.tools.call\"", challenge, StringComparison.Ordinal);
        Assert.Contains("/.well-known/oauth-protected-resource/mcp\"", challenge, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"a\":1,\"a\":2}}", null, 400, -32600)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1", null, 400, -32600)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}", "2099-01-01", 400, -32022)]
    public async Task What_means_nothing_is_a_json_error(string body, string? version, int status, int code)
    {
        using var admin = application.Admin();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (version is not null)
        {
            request.Headers.Add("MCP-Protocol-Version", version);
        }

        using var answer = await admin.SendAsync(request);

        Assert.Equal((status, "application/json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Equal(code, (int)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["error"]!["code"]!);
    }

    private sealed record Member(string Name, string[]? Tools = null);

    private async Task<McpClient> ConnectAsync(string prefix, Member[] members)
    {
        using var admin = application.Admin();
        var bundle = McpServiceApplication.NewName();
        (await admin.PostAsJsonAsync("/api/mcp/bundles", new { name = bundle, prefix, servers = members.Select(member => new { name = member.Name, tools = member.Tools }) })).EnsureSuccessStatusCode();
        return await application.ConnectAsync($"/mcp/{bundle}", isModern: true, null, Permissions.McpToolsCall);
    }
}
