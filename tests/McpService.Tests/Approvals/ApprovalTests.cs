using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Tests.Relay;
using McpPlatform.McpService.Tests.Stdio;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Tests.Approvals;

/// <summary>Tools that are called only with a person's word.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class ApprovalTests(McpServiceApplication application) : IAsyncLifetime
{
    private ExampleMcpServer upstream = null!;
    private readonly HttpClient admin = application.Admin();
    private string server = string.Empty;

    public async ValueTask InitializeAsync()
    {
        upstream = await ExampleMcpServer.StartAsync();
        server = await application.RegisterAsync(upstream.Url);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync($"/api/mcp/servers/{server}/refresh", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}/tools/echo", new { requires_approval = true })).StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        await admin.DeleteAsync($"/api/mcp/servers/{server}");
        admin.Dispose();
        await upstream.DisposeAsync();
    }

    [Fact]
    public async Task An_approval_is_for_one_call_with_these_arguments_by_this_caller()
    {
        await using var records = await application.ListenAsync<ActivityRecorded>();
        using var caller = application.ClientWith([.. Permissions.Catalogue.Keys]);
        var id = await WaitingAsync(caller, "pay 5");
        Assert.Equal(id, await WaitingAsync(caller, "pay 5"));
        var waiting = (await PendingAsync(caller)).Single(approval => approval.GetProperty("id").GetString() == id);
        Assert.Equal("pay 5", waiting.GetProperty("arguments").GetProperty("message").GetString());
        Assert.Equal(HttpStatusCode.OK, await DecideAsync(admin, id, "approve"));

        await WaitingAsync(caller, "pay 500");
        await WaitingAsync(admin, "pay 5");
        var calls = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => CallAsync(caller, "pay 5")));
        Assert.Single(calls, status => status == HttpStatusCode.OK);
        await WaitingAsync(caller, "pay 5");
        Assert.Equal("pay 5", (string?)Assert.Single(upstream.Calls("echo"))["params"]!["arguments"]!["message"]);
        var call = await records.WaitForAsync(x => x.Action == "mcp.tools.call" && x.Outcome == ActivityOutcomes.Succeeded && x.Target!.StartsWith(server, StringComparison.Ordinal));
        Assert.Equal(id, call.Details!["approval_id"]);
        Assert.Equal(HttpStatusCode.Conflict, await DecideAsync(admin, id, "approve"));
        Assert.Equal(HttpStatusCode.OK, (await caller.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/failing/call", new { })).StatusCode);
    }

    [Fact]
    public async Task A_denied_call_is_not_made_and_strangers_and_keys_decide_nothing()
    {
        using var caller = application.ClientWith([.. Permissions.Catalogue.Keys]);
        var id = await WaitingAsync(caller, "hello");
        using var stranger = application.ClientFor(new Caller { UserId = Guid.CreateVersion7(), Roles = ["user"], Teams = [], Permissions = new HashSet<string> { Permissions.McpToolsCall } });
        Assert.Equal(HttpStatusCode.NotFound, await DecideAsync(stranger, id, "approve"));
        Assert.DoesNotContain(await PendingAsync(stranger), approval => approval.GetProperty("id").GetString() == id);
        using var key = application.ThroughClient("gateway", [.. Permissions.Catalogue.Keys]);
        Assert.Equal(HttpStatusCode.Forbidden, await DecideAsync(key, id, "approve"));
        using var person = application.ThroughClient(PlatformClaims.FirstPartyClient, [.. Permissions.Catalogue.Keys]);
        Assert.Equal(HttpStatusCode.OK, await DecideAsync(person, id, "deny"));
        Assert.Equal(HttpStatusCode.Conflict, await DecideAsync(admin, id, "approve"));
        Assert.NotEqual(id, await WaitingAsync(caller, "hello"));
        Assert.Empty(upstream.Calls("echo"));
        Assert.Equal(HttpStatusCode.NotFound, await DecideAsync(admin, Guid.NewGuid().ToString(), "approve"));
        await (await admin.GetAsync("/api/mcp/approvals?state=maybe")).AssertInvalidAsync("state");
        await (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}/tools/echo", new { })).AssertInvalidAsync("requires_approval");
        await (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}/tools/none", new { requires_approval = true })).AssertProblemAsync(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_client_that_can_be_asked_is_asked(bool isModern, bool approve)
    {
        List<string> asked = [];
        await using var client = await application.ConnectAsync("/mcp", isModern, Handlers(asked, approve), [.. Permissions.Catalogue.Keys]);
        await client.ListToolsAsync();
        for (var i = 1; i <= 2; i++)
        {
            var result = await client.CallToolAsync($"{server}__echo", new Dictionary<string, object?> { ["message"] = "pay 5" });
            Assert.Equal(!approve, result.IsError == true);
            Assert.Equal(i, asked.Count);
        }

        Assert.All(asked, question => Assert.Contains("\"pay 5\"", question, StringComparison.Ordinal));
        Assert.Equal(approve ? 2 : 0, upstream.Calls("echo").Count);
    }

    [Fact]
    public async Task A_client_that_cannot_be_asked_is_told_where_to_go()
    {
        await using var client = await application.ConnectAsync("/mcp", isModern: true, null, [.. Permissions.Catalogue.Keys]);
        await client.ListToolsAsync();
        var result = await client.CallToolAsync($"{server}__echo", new Dictionary<string, object?> { ["message"] = "hello" });
        Assert.True(result.IsError);
        Assert.Contains("/api/mcp/approvals/", ((TextContentBlock)result.Content[0]).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answered_question_is_worth_nothing_the_second_time_or_for_other_arguments()
    {
        var path = "/mcp";
        var capabilities = new JsonObject { ["elicitation"] = new JsonObject() };
        var arguments = new JsonObject { ["message"] = "pay 5" };
        var question = await RawMcp.ResultAsync(await RawMcp.SendModernAsync(admin, path, $"{server}__echo", capabilities, new() { ["arguments"] = arguments.DeepClone() }));
        Assert.Equal("input_required", (string?)question["resultType"]);
        var key = question["inputRequests"]!.AsObject().Single().Key;
        var answered = new JsonObject
        {
            ["arguments"] = arguments.DeepClone(), ["requestState"] = question["requestState"]!.DeepClone(),
            ["inputResponses"] = new JsonObject { [key] = new JsonObject { ["action"] = "accept", ["content"] = new JsonObject { ["approve"] = true } } },
        };
        var other = answered.DeepClone().AsObject();
        other["arguments"]!["message"] = "pay 500";
        Assert.Equal("input_required", (string?)(await RawMcp.ResultAsync(await RawMcp.SendModernAsync(admin, path, $"{server}__echo", capabilities, other)))["resultType"]);
        Assert.Empty(upstream.Calls("echo"));
        var results = await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ => await RawMcp.ResultAsync(await RawMcp.SendModernAsync(admin, path, $"{server}__echo", capabilities, answered))));
        Assert.Single(results, result => result["isError"] is null);
        Assert.Single(upstream.Calls("echo"));
        Assert.Null(upstream.Calls("echo")[0]["params"]!["inputResponses"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tool_that_asks_something_itself_does_so_after_the_approval(bool isModern)
    {
        var child = McpServiceApplication.NewName();
        var body = new { name = child, transport = "stdio", template = StdioChild.Template, parameters = new { mode = "legacy" } };
        Assert.Equal(HttpStatusCode.Created, (await admin.PostAsJsonAsync("/api/mcp/servers", body)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync($"/api/mcp/servers/{child}/refresh", null)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.PatchAsJsonAsync($"/api/mcp/servers/{child}/tools/ask", new { requires_approval = true })).StatusCode);
        List<string> asked = [];
        await using (var client = await application.ConnectAsync("/mcp", isModern, Handlers(asked, true), [.. Permissions.Catalogue.Keys]))
        {
            await client.ListToolsAsync();
            var result = await client.CallToolAsync($"{child}__ask");
            Assert.Contains("accept", ((TextContentBlock)result.Content[0]).Text, StringComparison.Ordinal);
        }

        Assert.Equal(2, asked.Count);
        Assert.Contains("is to be called with", asked[0], StringComparison.Ordinal);
        Assert.Contains("Really?", asked[1], StringComparison.Ordinal);
        await admin.DeleteAsync($"/api/mcp/servers/{child}");
    }

    private static McpClientHandlers Handlers(List<string> asked, bool approve) => new()
    {
        ElicitationHandler = (request, _) =>
        {
            asked.Add(request!.Message);
            return ValueTask.FromResult(new ElicitResult { Action = "accept", Content = new Dictionary<string, JsonElement> { ["approve"] = JsonSerializer.SerializeToElement(approve), ["sure"] = JsonSerializer.SerializeToElement(true) } });
        },
    };

    private async Task<HttpStatusCode> CallAsync(HttpClient client, string message)
    {
        using var response = await client.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/echo/call", new { arguments = new { message } });
        return response.StatusCode;
    }

    /// <returns>The id of the approval that the call waits for.</returns>
    private async Task<string> WaitingAsync(HttpClient client, string message)
    {
        using var response = await client.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/echo/call", new { arguments = new { message } });
        var sentence = (await response.AssertProblemAsync(HttpStatusCode.Conflict)).GetProperty("detail").GetString()!;
        return sentence.Split("/api/mcp/approvals/")[1].Split('/')[0];
    }

    private static async Task<List<JsonElement>> PendingAsync(HttpClient client) =>
        [.. (await (await client.GetAsync("/api/mcp/approvals?state=pending")).JsonAsync()).GetProperty("items").EnumerateArray()];

    private static async Task<HttpStatusCode> DecideAsync(HttpClient client, string id, string decision)
    {
        using var response = await client.PostAsJsonAsync($"/api/mcp/approvals/{id}/{decision}", new { reason = "A test." });
        return response.StatusCode;
    }
}
