using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.McpService.Tests.Tools;

[Collection(McpServiceCollection.Name)]
public sealed class CallToolTests(McpServiceApplication application) : IAsyncLifetime
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
    public async Task Call_relays_the_result_with_members_that_nobody_here_knows()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        var response = await CallAsync(client, "echo", new { arguments = new { message = "hé \"llo\"", nested = new { list = new object?[] { 1, null } } } });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync();
        var result = JsonDocument.Parse(text).RootElement;
        Assert.Equal("hé \"llo\"", result.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal("1.10", result.GetProperty("structuredContent").GetProperty("number").GetRawText());
        Assert.Equal("[1,null]", result.GetProperty("structuredContent").GetProperty("arguments").GetProperty("nested").GetProperty("list").GetRawText());
        Assert.Equal("[1,null,\"two\"]", result.GetProperty("futureMember").GetRawText());
        Assert.True(result.GetProperty("elapsed_ms").GetDouble() > 0);
    }

    [Fact]
    public async Task Call_tells_the_server_the_trace_and_not_the_callers_token()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        using var trace = new Activity("caller").Start();
        var result = await (await CallAsync(client, "echo", new { })).JsonAsync();
        Assert.Contains(trace.TraceId.ToHexString(), result.GetProperty("_meta").GetProperty("example/traceparent").GetString(), StringComparison.Ordinal);
        Assert.All(upstream.Received, message => Assert.False(message.Headers.ContainsKey("Authorization")));
    }

    [Fact]
    public async Task Call_takes_a_name_with_a_slash()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(client, "a%2Fb", new { })).StatusCode);
        Assert.Single(upstream.Calls("a/b"));
    }

    [Fact]
    public async Task Call_keeps_a_tools_failure_a_result()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        var response = await CallAsync(client, "failing", new { });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True((await response.JsonAsync()).GetProperty("isError").GetBoolean());
    }

    [Fact]
    public async Task Call_answers_422_with_the_servers_code_when_it_refuses_the_arguments()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        var problem = await (await CallAsync(client, "refused", new { })).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal(-32602, problem.GetProperty("upstream_error").GetProperty("code").GetInt32());
        Assert.Contains("must be a number", problem.GetProperty("upstream_error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("big")]
    [InlineData("big-stream")]
    public async Task Call_answers_502_when_the_result_is_larger_than_8_MiB(string tool)
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        var problem = await (await CallAsync(client, tool, new { })).AssertProblemAsync(HttpStatusCode.BadGateway);
        Assert.Contains("8 MiB", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Single(upstream.Calls(tool));
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("dies")]
    public async Task Call_answers_502_and_calls_once_when_the_answer_is_broken(string tool)
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        var problem = await (await CallAsync(client, tool, new { })).AssertProblemAsync(HttpStatusCode.BadGateway);
        Assert.Contains(server, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Single(upstream.Calls(tool));
    }

    [Fact]
    public async Task Call_answers_504_and_cancels_at_the_server_when_the_time_is_over()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        await CallAsync(client, "echo", new { });
        var problem = await (await CallAsync(client, "slow", new { timeout_ms = 300 })).AssertProblemAsync(HttpStatusCode.GatewayTimeout);
        Assert.Contains("300 ms", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        var id = await upstream.Cancelled.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(upstream.Calls("slow").Single()["id"]!.ToJsonString(), id!.ToJsonString());
        await upstream.Aborted.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Call_is_cancelled_at_the_server_and_recorded_when_the_client_hangs_up()
    {
        await using var probe = await application.ListenAsync<ActivityRecorded>();
        var user = Guid.CreateVersion7();
        using var client = application.ClientFor(user, "impatient", Permissions.McpToolsCall);
        using var hangUp = new CancellationTokenSource();
        var call = client.PostAsJsonAsync(Address("slow"), new { }, hangUp.Token);
        await WaitAsync(() => upstream.Calls("slow").Count == 1);
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await upstream.Cancelled.WaitAsync(TimeSpan.FromSeconds(5));
        await upstream.Aborted.Task.WaitAsync(TimeSpan.FromSeconds(5));
        var record = await probe.WaitForAsync(activity => activity.UserId == user);
        Assert.Equal(ActivityOutcomes.Failed, record.Outcome);
        Assert.Equal("client_gone", record.Details!["error"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Call_opens_the_session_again_when_the_server_has_forgotten_it(bool with400)
    {
        upstream.SaysGoneWith400 = with400;
        using var client = application.ClientWith(Permissions.McpToolsCall);
        await CallAsync(client, "echo", new { });
        var before = upstream.SessionsOpened;
        upstream.Forget();
        var responses = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => CallAsync(client, "echo", new { })));
        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(before + 1, upstream.SessionsOpened);
    }

    [Fact]
    public async Task Call_answers_503_with_the_servers_name_while_it_is_down_and_works_when_it_is_back()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        await CallAsync(client, "echo", new { });
        var port = new Uri(upstream.Url).Port;
        await upstream.DisposeAsync();
        var response = await CallAsync(client, "echo", new { });
        var problem = await response.AssertProblemAsync(HttpStatusCode.ServiceUnavailable);
        Assert.Equal($"The MCP server '{server}' cannot be reached: it does not accept connections.", problem.GetProperty("detail").GetString());
        Assert.NotNull(response.Headers.RetryAfter);
        upstream = await ExampleMcpServer.StartAsync(port);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(client, "echo", new { })).StatusCode);
    }

    [Fact]
    public async Task Call_speaks_the_modern_era_without_a_session()
    {
        await using var modern = await ExampleMcpServer.StartAsync();
        modern.Modern = true;
        var name = await application.RegisterAsync(modern.Url);
        using var client = application.ClientWith(Permissions.McpToolsCall);
        var response = await client.PostAsJsonAsync($"/api/mcp/servers/{name}/tools/echo/call", new { arguments = new { message = "new" } });
        Assert.Equal("new", (await response.JsonAsync()).GetProperty("content")[0].GetProperty("text").GetString());
        var (message, headers) = modern.Received.Last(x => (string?)x.Message["method"] == "tools/call");
        Assert.Equal("2026-07-28", (string?)message["params"]!["_meta"]!["io.modelcontextprotocol/protocolVersion"]);
        Assert.Equal("2026-07-28", headers["MCP-Protocol-Version"]);
        Assert.Equal(0, modern.SessionsOpened);
        await (await client.PostAsJsonAsync($"/api/mcp/servers/{name}/tools/asks/call", new { })).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Call_refuses_more_calls_at_a_time_than_a_user_may_have()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        await CallAsync(client, "echo", new { });
        using var hangUp = new CancellationTokenSource();
        var running = Enumerable.Range(0, 3).Select(_ => client.PostAsJsonAsync(Address("slow"), new { }, hangUp.Token)).ToList();
        await WaitAsync(() => upstream.Calls("slow").Count == 3);
        var response = await CallAsync(client, "echo", new { });
        await response.AssertProblemAsync(HttpStatusCode.TooManyRequests);
        Assert.NotNull(response.Headers.RetryAfter);
        using var other = application.ClientWith(Permissions.McpToolsCall);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(other, "echo", new { })).StatusCode);
        await hangUp.CancelAsync();
        foreach (var call in running)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }

        await WaitAsync(async () => (await CallAsync(client, "echo", new { })).IsSuccessStatusCode);
    }

    [Fact]
    public async Task Call_answers_404_for_what_is_not_there_and_does_not_bother_the_server()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        await (await client.PostAsJsonAsync($"/api/mcp/servers/{Guid.CreateVersion7()}/tools/echo/call", new { })).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await client.PostAsJsonAsync("/api/mcp/servers/nobody/tools/echo/call", new { })).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await CallAsync(client, "no-such-tool", new { })).AssertProblemAsync(HttpStatusCode.NotFound);
        Assert.Empty(upstream.Calls("no-such-tool"));
        using var admin = application.Admin();
        await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}", new { enabled = false });
        await (await CallAsync(client, "echo", new { })).AssertProblemAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Call_answers_400_that_names_the_field()
    {
        using var client = application.ClientWith(Permissions.McpToolsCall);
        await (await CallAsync(client, "echo", new { timeout_ms = 0 })).AssertInvalidAsync("timeout_ms");
        await (await CallAsync(client, "echo", new { timeout_ms = 60_001 })).AssertInvalidAsync("timeout_ms");
        await (await CallAsync(client, "echo", new { arguments = 5 })).AssertProblemAsync(HttpStatusCode.BadRequest);
        var problem = await (await CallAsync(client, "echo", new { surprise = 1 })).AssertProblemAsync(HttpStatusCode.BadRequest);
        Assert.Contains("surprise", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Empty(upstream.Calls("echo"));
    }

    [Fact]
    public async Task Call_needs_a_token_and_the_permission_and_records_who_was_refused()
    {
        await using var probe = await application.ListenAsync<ActivityRecorded>();
        using var anonymous = application.Anonymous();
        await (await CallAsync(anonymous, "echo", new { })).AssertProblemAsync(HttpStatusCode.Unauthorized);
        var user = Guid.CreateVersion7();
        using var client = application.ClientFor(user, "reader", Permissions.McpServersRead);
        await (await CallAsync(client, "echo", new { })).AssertProblemAsync(HttpStatusCode.Forbidden);
        var record = await probe.WaitForAsync(activity => activity.UserId == user);
        Assert.Equal((ActivityOutcomes.Denied, "mcp.tools.call", $"{server}/echo"), (record.Outcome, record.Action, record.Target));
        Assert.Empty(upstream.Calls("echo"));
    }

    [Fact]
    public async Task Call_is_recorded_with_user_duration_and_trace_and_without_arguments()
    {
        await using var probe = await application.ListenAsync<ActivityRecorded>();
        var user = Guid.CreateVersion7();
        using var client = application.ClientFor(user, "alice", Permissions.McpToolsCall);
        using var trace = new Activity("caller").Start();
        await CallAsync(client, "echo", new { arguments = new { message = "top-secret" } });
        var record = await probe.WaitForAsync(activity => activity.UserId == user);
        Assert.Equal((ActivityOutcomes.Succeeded, "mcp.tools.call", "tool", $"{server}/echo"), (record.Outcome, record.Action, record.TargetType, record.Target));
        Assert.Equal("alice", record.Username);
        Assert.Equal("mcpservice", record.Service);
        Assert.Equal(trace.TraceId.ToHexString(), record.TraceId);
        Assert.True(record.DurationMs > 0);
        Assert.Equal("false", record.Details!["is_error"]);
        Assert.DoesNotContain("top-secret", JsonSerializer.Serialize(record), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("failing", ActivityOutcomes.Failed, "is_error", "true")]
    [InlineData("refused", ActivityOutcomes.Failed, "error", "protocol_error")]
    [InlineData("no-such-tool", ActivityOutcomes.Denied, "error", "unknown_tool")]
    public async Task Call_is_recorded_as_what_it_was(string tool, string outcome, string detail, string value)
    {
        await using var probe = await application.ListenAsync<ActivityRecorded>();
        var user = Guid.CreateVersion7();
        using var client = application.ClientFor(user, "alice", Permissions.McpToolsCall);
        await CallAsync(client, tool, new { });
        var record = await probe.WaitForAsync(activity => activity.UserId == user);
        Assert.Equal(outcome, record.Outcome);
        Assert.Equal(value, record.Details![detail]);
    }

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        var end = Stopwatch.GetTimestamp() + (10 * Stopwatch.Frequency);
        while (!await condition())
        {
            Assert.True(Stopwatch.GetTimestamp() < end, "It did not come true within 10 s.");
            await Task.Delay(20);
        }
    }

    private static Task WaitAsync(Func<bool> condition) => WaitAsync(() => Task.FromResult(condition()));

    private string Address(string tool) => $"/api/mcp/servers/{server}/tools/{tool}/call";

    private Task<HttpResponseMessage> CallAsync(HttpClient client, string tool, object body) => client.PostAsJsonAsync(Address(tool), body);
}
