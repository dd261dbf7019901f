using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

#pragma warning disable MCP9005 // Sampling and roots are deprecated and still to be relayed.

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>Any client to any server: the four pairs of eras, with the SDK's client and server on the two sides of the platform.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class EraTests(McpServiceApplication application)
{
    public static TheoryData<bool, bool> Pairs { get; } = new() { { true, true }, { true, false }, { false, true }, { false, false } };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Lists_and_calls_pass(bool isClientModern, bool isServerModern)
    {
        await using var server = await FixtureServer.StartAsync(isServerModern);
        await using var client = await ConnectAsync(server, isClientModern);

        var tools = await client.ListToolsAsync();
        var result = await client.CallToolAsync("echo", new Dictionary<string, object?>(StringComparer.Ordinal) { ["message"] = "hello" });
        var failed = await client.CallToolAsync("fails");

        Assert.Equal(["asks_name", "asks_three", "echo", "fails", "links", "progresses"], tools.Select(tool => tool.Name).Order(StringComparer.Ordinal));
        Assert.Equal("hello", Text(result));
        Assert.True(failed.IsError);
        Assert.Equal("Be kind to the fixture.", client.ServerInstructions);
        var unknown = await Assert.ThrowsAsync<McpProtocolException>(async () => await client.CallToolAsync("nobody_has_this"));
        Assert.Equal(McpErrorCode.InvalidParams, unknown.ErrorCode);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Prompts_resources_and_completion_pass(bool isClientModern, bool isServerModern)
    {
        await using var server = await FixtureServer.StartAsync(isServerModern);
        await using var client = await ConnectAsync(server, isClientModern);

        Assert.Equal(["greet"], (await client.ListPromptsAsync()).Select(prompt => prompt.Name));
        var prompt = await client.GetPromptAsync("greet", new Dictionary<string, object?>(StringComparer.Ordinal) { ["who"] = "Ann" });
        Assert.Equal("Greet Ann.", ((TextContentBlock)prompt.Messages[0].Content).Text);
        Assert.Equal(["fixture://text"], (await client.ListResourcesAsync()).Select(resource => resource.Uri));
        Assert.Equal(["fixture://item/{id}"], (await client.ListResourceTemplatesAsync()).Select(template => template.UriTemplate));
        Assert.Equal("the text", ((TextResourceContents)(await client.ReadResourceAsync("fixture://text")).Contents[0]).Text);
        Assert.Equal("item 7", ((TextResourceContents)(await client.ReadResourceAsync("fixture://item/7")).Contents[0]).Text);
        var completion = await client.CompleteAsync(new PromptReference { Name = "greet" }, "who", "A");
        Assert.Equal(["A-completed"], completion.Completion.Values);
        await Assert.ThrowsAsync<McpProtocolException>(async () => await client.ReadResourceAsync("fixture://nothing"));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Progress_comes_before_the_result_in_order(bool isClientModern, bool isServerModern)
    {
        await using var server = await FixtureServer.StartAsync(isServerModern);
        var path = await BundleAsync(server);
        using var client = application.Admin();

        var messages = await RawMcp.MessagesAsync(isClientModern
            ? await RawMcp.SendModernAsync(client, path, "progresses", [])
            : await InSessionAsync(client, path, "progresses"));

        Assert.Equal(["1", "2", "3", "done"], messages.Select(message =>
            message["params"]?["progress"]?.ToJsonString() ?? (string?)message["result"]!["content"]![0]!["text"]));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_question_in_the_middle_of_a_call_is_answered(bool isClientModern, bool isServerModern)
    {
        await using var server = await FixtureServer.StartAsync(isServerModern);
        await using var client = await ConnectAsync(server, isClientModern);

        Assert.Equal("Hello Ann", Text(await client.CallToolAsync("asks_name")));
        Assert.Equal("Ann file:///home said", Text(await client.CallToolAsync("asks_three")));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_client_that_cannot_be_asked_gets_an_error_and_no_silence(bool isClientModern, bool isServerModern)
    {
        await using var server = await FixtureServer.StartAsync(isServerModern);
        await using var client = await ConnectAsync(server, isClientModern, handlers: null);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));

        try
        {
            Assert.True((await client.CallToolAsync("asks_name", cancellationToken: patience.Token)).IsError);
        }
        catch (McpException)
        {
            // Which of the two it is, is the server's to decide.
        }

        Assert.False(patience.IsCancellationRequested);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Many_eliciting_calls_at_a_time_each_get_their_own_answer(bool isClientModern, bool isServerModern)
    {
        await using var server = await FixtureServer.StartAsync(isServerModern);
        await using var client = await ConnectAsync(server, isClientModern);

        var results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => client.CallToolAsync("asks_name").AsTask()));

        Assert.All(results, result => Assert.Equal("Hello Ann", Text(result)));
    }

    private static string Text(CallToolResult result) => ((TextContentBlock)result.Content[0]).Text;

    private static McpClientHandlers Everything() => new()
    {
        ElicitationHandler = (_, _) => ValueTask.FromResult(new ElicitResult { Action = "accept", Content = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { ["name"] = JsonElement.Parse("\"Ann\"") } }),
        SamplingHandler = (_, _, _) => ValueTask.FromResult(new CreateMessageResult { Model = "m", Role = Role.Assistant, Content = [new TextContentBlock { Text = "said" }] }),
        RootsHandler = (_, _) => ValueTask.FromResult(new ListRootsResult { Roots = [new Root { Uri = "file:///home" }] }),
    };

    private Task<McpClient> ConnectAsync(FixtureServer server, bool isModern) => ConnectAsync(server, isModern, Everything());

    private static async Task<HttpResponseMessage> InSessionAsync(HttpClient client, string path, string tool)
    {
        using var opened = await RawMcp.SendAsync(client, path, RawMcp.Initialize(), null);
        var call = RawMcp.Call(1, tool, []);
        call["params"]!["_meta"] = new System.Text.Json.Nodes.JsonObject { ["progressToken"] = 7 };
        return await RawMcp.SendAsync(client, path, call, opened.Headers.GetValues("Mcp-Session-Id").Single());
    }

    private async Task<McpClient> ConnectAsync(FixtureServer server, bool isModern, McpClientHandlers? handlers) =>
        await application.ConnectAsync(await BundleAsync(server), isModern, handlers, Permissions.McpToolsCall);

    private async Task<string> BundleAsync(FixtureServer server)
    {
        var name = await application.RegisterAsync(server.Url);
        using var admin = application.Admin();
        var bundle = McpServiceApplication.NewName();
        (await admin.PostAsJsonAsync("/api/mcp/bundles", new { name = bundle, prefix = "never", servers = new[] { new { name } } })).EnsureSuccessStatusCode();
        return $"/mcp/{bundle}";
    }
}
