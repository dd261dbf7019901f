using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>Calls that go on after their answer, in both eras, with several servers behind one endpoint.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class TaskTests(McpServiceApplication application) : IAsyncLifetime
{
    private static readonly JsonObject HasTasks = new() { ["extensions"] = new JsonObject { ["io.modelcontextprotocol/tasks"] = new JsonObject() } };
    private readonly HttpClient admin = application.Admin();
    private readonly string bundle = $"tasks-{Guid.CreateVersion7():N}";
    private ExampleMcpServer first = null!, second = null!;
    private string firstName = string.Empty, secondName = string.Empty;

    public async ValueTask InitializeAsync()
    {
        first = await ExampleMcpServer.StartAsync();
        second = await ExampleMcpServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await admin.DeleteAsync($"/api/mcp/bundles/{bundle}");
        await admin.DeleteAsync($"/api/mcp/servers/{firstName}");
        await admin.DeleteAsync($"/api/mcp/servers/{secondName}");
        admin.Dispose();
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_task_is_followed_at_its_server_by_its_caller_alone(bool isModern)
    {
        await BuildAsync(isModern, isModern);
        using var anna = application.ClientFor(Guid.CreateVersion7(), "anna", McpServiceApplication.AllPermissions);
        using var ben = application.ClientFor(Guid.CreateVersion7(), "ben", McpServiceApplication.AllPermissions);
        var (annas, bens) = (await ConnectAsync(anna, isModern), await ConnectAsync(ben, isModern));
        var capabilities = annas.Capabilities;
        Assert.Equal(
            isModern ? """{"io.modelcontextprotocol/tasks":{}}""" : """{"cancel":{},"requests":{"tools":{"call":{}}}}""",
            (isModern ? capabilities["extensions"] : capabilities["tasks"])?.ToJsonString());

        // The same name at both servers, and nothing is mixed up.
        var (one, two) = (await annas.StartAsync($"{firstName}__job"), await annas.StartAsync($"{secondName}__job"));
        Assert.NotEqual(one, two);
        Assert.DoesNotContain("task-1", one, StringComparison.Ordinal);
        var cancelled = await annas.SendAsync("tasks/cancel", new() { ["taskId"] = two });
        Assert.Equal(("working", "cancelled"), (first.Tasks["task-1"], second.Tasks["task-1"]));
        Assert.Null(cancelled["error"]);
        var status = (await annas.SendAsync("tasks/get", new() { ["taskId"] = one }))["result"]!;
        Assert.Equal((one, "working"), ((string?)status["taskId"], (string?)status["status"]));
        var result = isModern ? status["result"]! : (await annas.SendAsync("tasks/result", new() { ["taskId"] = one }))["result"]!;
        Assert.Equal("the job is done", (string?)result["content"]![0]!["text"]);
        Assert.Equal(one, (string?)result["_meta"]!["io.modelcontextprotocol/related-task"]!["taskId"]);

        // Somebody else's, a made-up one, the server's own id: all the same.
        foreach (var (who, id) in new[] { (bens, one), (annas, "task-1"), (annas, one[..^2] + "AA"), (annas, string.Empty) })
        {
            var refused = await who.SendAsync("tasks/get", new() { ["taskId"] = id });
            Assert.Equal((-32602, "Task not found: there is none of that id, or none of yours."), ((int)refused["error"]!["code"]!, (string?)refused["error"]!["message"]));
        }

        Assert.Equal(-32602, (int)(await annas.SendAsync("tasks/get", new() { ["taskId"] = 5 }))["error"]!["code"]!);
        Assert.Equal(-32601, (int)(await annas.SendAsync("tasks/list", []))["error"]!["code"]!);
        Assert.Equal(-32601, (int)(await annas.SendAsync(isModern ? "tasks/result" : "tasks/update", new() { ["taskId"] = one }))["error"]!["code"]!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_may_not_call_the_tool_any_more_may_not_see_its_task(bool isModern)
    {
        await BuildAsync(isModern, isModern);
        var user = Guid.CreateVersion7();
        using var caller = application.ClientFor(user, "caller", McpServiceApplication.AllPermissions);
        var client = await ConnectAsync(caller, isModern);
        var id = await client.StartAsync($"{firstName}__job");
        Assert.Null((await client.SendAsync("tasks/get", new() { ["taskId"] = id }))["error"]);
        await application.ChangePolicyAsync(policy => policy with
        {
            Rules = [.. policy.Rules, new() { Id = Guid.CreateVersion7(), SubjectType = RuleSubject.User, Subject = user.ToString(), Effect = RuleEffect.Deny, Resource = $"tool:{firstName}/job" }],
        });
        var asked = first.Received.Count;
        Assert.Equal(-32602, (int)(await client.SendAsync("tasks/get", new() { ["taskId"] = id }))["error"]!["code"]!);
        Assert.Equal(asked, first.Received.Count);
    }

    [Fact]
    public async Task Between_the_eras_a_call_stays_a_call()
    {
        await BuildAsync(firstIsModern: true, secondIsModern: false);
        using var caller = application.ClientFor(Guid.CreateVersion7(), "caller", McpServiceApplication.AllPermissions);
        foreach (var (isModern, other) in new[] { (true, secondName), (false, firstName) })
        {
            var client = await ConnectAsync(caller, isModern);
            Assert.NotNull(isModern ? client.Capabilities["extensions"] : client.Capabilities["tasks"]);
            var result = (await client.SendAsync("tools/call", new() { ["name"] = $"{other}__job", ["arguments"] = new JsonObject { ["message"] = "at once" }, ["task"] = isModern ? null : new JsonObject() }))["result"]!;
            Assert.Equal("at once", (string?)result["content"]![0]!["text"]);
        }

        Assert.All(first.Calls("job"), call => Assert.Null(call["params"]!["task"]));
    }

    [Fact]
    public async Task A_client_has_to_declare_the_extension_and_to_name_the_task_that_it_means()
    {
        await BuildAsync(firstIsModern: true, secondIsModern: true);
        using var caller = application.ClientFor(Guid.CreateVersion7(), "caller", McpServiceApplication.AllPermissions);
        var client = await ConnectAsync(caller, isModern: true);
        var (id, other) = (await client.StartAsync($"{firstName}__job"), await client.StartAsync($"{secondName}__job"));
        var asked = first.Received.Count;

        foreach (var method in (string[])["tasks/get", "tasks/update", "tasks/cancel"])
        {
            var undeclared = (await client.SendAsync(method, new() { ["taskId"] = id }, capabilities: []))["error"]!;
            Assert.Equal(
                (-32021, """{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}"""), ((int)undeclared["code"]!, undeclared["data"]!.ToJsonString()));
            Assert.Equal(-32020, (int)(await client.SendAsync(method, new() { ["taskId"] = id }, named: other))["error"]!["code"]!);
        }

        Assert.Equal(asked, first.Received.Count);
        Assert.Equal("working", first.Tasks["task-1"]);
    }

    private async Task BuildAsync(bool firstIsModern, bool secondIsModern)
    {
        (first.Modern, second.Modern) = (firstIsModern, secondIsModern);
        (firstName, secondName) = (await application.RegisterAsync(first.Url), await application.RegisterAsync(second.Url));
        foreach (var name in (string[])[firstName, secondName])
        {
            Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync($"/api/mcp/servers/{name}/refresh", null)).StatusCode);
        }

        var created = await admin.PostAsJsonAsync("/api/mcp/bundles", new { name = bundle, servers = new[] { new { name = firstName }, new { name = secondName } } });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
    }

    private Task<Client> ConnectAsync(HttpClient http, bool isModern) => Client.ConnectAsync(http, $"/mcp/{bundle}", isModern);

    private sealed class Client(HttpClient http, string path, bool isModern, string? session)
    {
        private int lastId = 100;

        public JsonObject Capabilities { get; private set; } = [];

        public static async Task<Client> ConnectAsync(HttpClient http, string path, bool isModern)
        {
            if (isModern)
            {
                var modern = new Client(http, path, isModern, null);
                modern.Capabilities = (await modern.SendAsync("server/discover", []))["result"]!["capabilities"]!.AsObject();
                return modern;
            }

            using var response = await RawMcp.SendAsync(http, path, RawMcp.Initialize(), null);
            var session = response.Headers.GetValues("Mcp-Session-Id").Single();
            var client = new Client(http, path, isModern, session) { Capabilities = (await RawMcp.ResultAsync(response))["capabilities"]!.AsObject() };
            (await RawMcp.SendAsync(http, path, new() { ["jsonrpc"] = "2.0", ["method"] = "notifications/initialized" }, session)).Dispose();
            return client;
        }

        public async Task<string> StartAsync(string tool)
        {
            var result = (await SendAsync("tools/call", new() { ["name"] = tool, ["arguments"] = new JsonObject(), ["task"] = isModern ? null : new JsonObject { ["ttl"] = 60_000 } }))["result"]!;
            return (string)(isModern ? result["taskId"] : result["task"]!["taskId"])!;
        }

        public async Task<JsonObject> SendAsync(string method, JsonObject parameters, JsonObject? capabilities = null, string? named = null)
        {
            var message = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = lastId++, ["method"] = method, ["params"] = parameters };
            if (!isModern)
            {
                return await RawMcp.MessageAsync(await RawMcp.SendAsync(http, path, message, session));
            }

            parameters["_meta"] = new JsonObject
            {
                ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28", ["io.modelcontextprotocol/clientCapabilities"] = capabilities ?? HasTasks.DeepClone(),
                ["io.modelcontextprotocol/clientInfo"] = new JsonObject { ["name"] = "test", ["version"] = "1" },
            };
            using var request = RawMcp.Post(path, message);
            request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
            request.Headers.Add("Mcp-Method", method);
            if ((parameters["name"] ?? parameters["taskId"]) is JsonValue name && name.TryGetValue(out string? text))
            {
                request.Headers.Add("Mcp-Name", named ?? text);
            }

            return await RawMcp.MessageAsync(await http.SendAsync(request));
        }
    }
}
