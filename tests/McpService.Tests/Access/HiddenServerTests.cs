using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.McpService.Tests.Access;

/// <summary>What a caller may not use does not exist for that caller.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class HiddenServerTests(McpServiceApplication application) : IAsyncLifetime
{
    private const string Route = "/api/mcp/servers";
    private readonly Guid user = Guid.CreateVersion7();
    private readonly string team = $"team-{Guid.CreateVersion7():N}";
    private ExampleMcpServer upstream = null!;
    private string server = string.Empty;

    public async ValueTask InitializeAsync()
    {
        upstream = await ExampleMcpServer.StartAsync();
        server = await application.RegisterAsync(upstream.Url);
    }

    public ValueTask DisposeAsync() => upstream.DisposeAsync();

    [Fact]
    public async Task A_hidden_server_is_in_no_list_and_answers_as_one_that_is_not_there()
    {
        await RuleAsync(RuleEffect.Deny, $"server:{server}");
        using var client = Client();
        var unknown = $"{server}x";
        foreach (var (method, path) in new[]
        {
            ("GET", ""), ("GET", "/status"), ("GET", "/tools"), ("POST", "/tools/echo/call"), ("POST", "/tools/none/call"), ("PATCH", ""), ("DELETE", ""),
        })
        {
            var hidden = await AnswerAsync(client, method, $"{Route}/{server}{path}");
            Assert.Equal(await AnswerAsync(client, method, $"{Route}/{unknown}{path}"), hidden);
            Assert.Equal(HttpStatusCode.NotFound, hidden.Status);
        }

        Assert.DoesNotContain(server, await ListAsync(client, Route, 500, item => item.GetProperty("name").GetString()!));
        Assert.Empty(upstream.Calls("echo"));
        using var other = application.Admin();
        Assert.Contains(server, await ListAsync(other, Route, 500, item => item.GetProperty("name").GetString()!));
    }

    [Fact]
    public async Task A_look_at_a_hidden_server_is_recorded_with_the_rule_and_at_an_unknown_one_as_such()
    {
        await using var records = await application.ListenAsync<ActivityRecorded>();
        var rule = await RuleAsync(RuleEffect.Deny, $"server:{server}");
        using var client = Client();
        await AnswerAsync(client, "GET", $"{Route}/{server}");
        await AnswerAsync(client, "GET", $"{Route}/nobody");
        await AnswerAsync(client, "POST", $"{Route}/{server}/tools/echo/call");

        var look = await records.WaitForAsync(record => record.UserId == user && record.Action == "mcp.servers.read" && record.Target == server);
        Assert.Equal((ActivityOutcomes.Denied, "mcp_server", "access", "denied_by_rule", rule.ToString()), (look.Outcome, look.TargetType, look.Details!["error"], look.Details["reason"], look.Details["rule"]));
        var guess = await records.WaitForAsync(record => record.UserId == user && record.Target == "nobody");
        Assert.Equal((ActivityOutcomes.Denied, "unknown_server"), (guess.Outcome, guess.Details!["error"]));
        var call = await records.WaitForAsync(record => record.UserId == user && record.Action == "mcp.tools.call");
        Assert.Equal((ActivityOutcomes.Denied, "tool", $"{server}/echo", "access", rule.ToString()), (call.Outcome, call.TargetType, call.Target, call.Details!["error"], call.Details["rule"]));
    }

    [Fact]
    public async Task A_hidden_tool_is_not_listed_and_its_call_answers_as_for_one_that_is_not_there_without_asking_the_server()
    {
        await RuleAsync(RuleEffect.Deny, $"tool:{server}/e*");
        using var client = Client();
        var tools = await ListAsync(client, $"{Route}/{server}/tools", null, item => item.GetProperty("name").GetString()!);
        Assert.DoesNotContain("echo", tools);
        Assert.Contains("a/b", tools);

        var unknown = await AnswerAsync(client, "POST", $"{Route}/{server}/tools/not-there/call");
        Assert.Equal(HttpStatusCode.NotFound, unknown.Status);
        Assert.Equal(HttpStatusCode.OK, (await AnswerAsync(client, "POST", $"{Route}/{server}/tools/a%2Fb/call")).Status);

        // Were the server asked, there would be no answer.
        upstream.Hangs = true;
        Assert.Equal(unknown, await AnswerAsync(client, "POST", $"{Route}/{server}/tools/echo/call"));
        Assert.Empty(upstream.Calls("echo"));
    }

    [Fact]
    public async Task Pages_are_full_though_items_are_hidden_and_no_cursor_tells_what_is()
    {
        var prefix = $"p{Guid.CreateVersion7():N}";
        for (var index = 0; index < 9; index++)
        {
            await application.RegisterAsync("http://127.0.0.1:9/mcp", $"{prefix}-{index}{(index % 3 == 1 ? "-secret" : "")}");
        }

        await RuleAsync(RuleEffect.Deny, "server:*-secret");
        using var client = Client(Limit($"server:{prefix}-*"));
        List<int> sizes = [];
        List<string> cursors = [];
        var names = await ListAsync(client, Route, 2, item => item.GetProperty("name").GetString()!, page =>
        {
            sizes.Add(page.GetProperty("items").GetArrayLength());
            cursors.Add(page.GetProperty("next_cursor").GetString() ?? string.Empty);
        });

        Assert.Equal(((int[])[0, 2, 3, 5, 6, 8]).Select(index => $"{prefix}-{index}"), names);
        Assert.Equal([2, 2, 2], sizes);
        Assert.All(cursors, cursor => Assert.DoesNotContain("secret", System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(cursor)), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Search_finds_the_tools_that_may_be_called_on_all_servers_page_by_page()
    {
        var second = await application.RegisterAsync(upstream.Url);
        using (var admin = application.Admin())
        {
            await admin.GetAsync($"{Route}/{server}/tools");
            await admin.GetAsync($"{Route}/{second}/tools");
        }

        await RuleAsync(RuleEffect.Deny, $"tool:{server}/big*");
        using var client = Client(Limit($"server:{server}", $"tool:{second}/*"));
        static string Name(JsonElement item) => $"{item.GetProperty("server").GetString()}/{item.GetProperty("tool").GetProperty("name").GetString()}";
        string[] expected = [$"{second}/big", $"{second}/big-stream"];
        Assert.Equal(expected, await ListAsync(client, "/api/mcp/tools?search=BIG", 1, Name));
        var all = await ListAsync(client, "/api/mcp/tools", 3, Name);
        Assert.Equal((2 * upstream.Tools.Count) - 2, all.Count);
        Assert.Equal(all.Distinct(), all);
        Assert.Contains($"{server}/a/b", all);
        Assert.Empty(await ListAsync(client, "/api/mcp/tools?search=b_g%25", 3, Name));
        await (await client.GetAsync("/api/mcp/tools?limit=0")).AssertInvalidAsync("limit");
        await (await client.GetAsync("/api/mcp/tools?search=%00")).AssertInvalidAsync("search");
        await (await client.GetAsync($"/api/mcp/tools?search={new string('x', 101)}")).AssertInvalidAsync("search");
        await (await client.GetAsync("/api/mcp/tools?cursor=YQ")).AssertInvalidAsync("cursor");
        await (await client.GetAsync("/api/mcp/tools?cursor=L2EA")).AssertInvalidAsync("cursor");
        await (await client.GetAsync($"{Route}?cursor=AA")).AssertInvalidAsync("cursor");
    }

    [Fact]
    public async Task What_a_team_owns_is_seen_and_called_by_its_members_and_by_nobody_else()
    {
        await application.ChangePolicyAsync(policy => policy with { Owners = [.. policy.Owners, new ResourceOwner($"server:{server}", team)] });
        using var member = Client(new Caller { UserId = user, Roles = [BuiltInRoles.User], Teams = [team], Permissions = All });
        using var other = Client(new Caller { UserId = user, Roles = [BuiltInRoles.User], Teams = [], Permissions = All });
        Assert.Equal(HttpStatusCode.OK, (await AnswerAsync(member, "GET", $"{Route}/{server}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await AnswerAsync(member, "POST", $"{Route}/{server}/tools/echo/call")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AnswerAsync(other, "GET", $"{Route}/{server}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AnswerAsync(other, "POST", $"{Route}/{server}/tools/echo/call")).Status);
    }

    [Fact]
    public async Task Who_sees_a_server_and_may_not_manage_it_is_refused_and_recorded()
    {
        await using var records = await application.ListenAsync<ActivityRecorded>();
        await RuleAsync(RuleEffect.Deny, "server:server-*", Permissions.McpServersManage);
        using var client = Client();
        Assert.Equal(HttpStatusCode.OK, (await AnswerAsync(client, "GET", $"{Route}/{server}")).Status);
        var taken = McpServiceApplication.NewName();
        foreach (var (method, path, body, action, target) in new (string, string, object, string, string)[]
        {
            ("PATCH", $"{Route}/{server}", new { enabled = false }, "mcp.servers.update", server),
            ("DELETE", $"{Route}/{server}", new { }, "mcp.servers.delete", server),
            ("POST", Route, new { name = taken, url = "http://127.0.0.1:9/mcp" }, "mcp.servers.create", taken),
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = JsonContent.Create(body) };
            await (await client.SendAsync(request)).AssertProblemAsync(HttpStatusCode.Forbidden);
            var record = await records.WaitForAsync(record => record.UserId == user && record.Action == action);
            Assert.Equal((ActivityOutcomes.Denied, target, "denied_by_rule"), (record.Outcome, record.Target, record.Details!["reason"]));
        }

        using var reader = Client(new Caller { UserId = user, Roles = [BuiltInRoles.User], Teams = [], Permissions = new HashSet<string> { Permissions.McpServersRead } });
        Assert.Equal(HttpStatusCode.Forbidden, (await AnswerAsync(reader, "DELETE", $"{Route}/{server}")).Status);
        await records.WaitForAsync(record => record.UserId == user && record.Action == "mcp.servers.delete" && record.Details!["error"] == "permission");
    }

    private static readonly HashSet<string> All = [.. McpServiceApplication.AllPermissions];

    private HttpClient Client(Caller? caller = null) => application.ClientFor(caller ?? Limit());

    private Caller Limit(params string[] limits) => new() { UserId = user, Roles = [BuiltInRoles.Admin], Teams = [], Permissions = All, Limits = limits };

    private async Task<Guid> RuleAsync(RuleEffect effect, string resource, params string[] permissions)
    {
        var rule = new AccessRule
        {
            Id = Guid.CreateVersion7(), SubjectType = RuleSubject.User, Subject = user.ToString(), Effect = effect, Resource = resource,
            Permissions = permissions.Length == 0 ? null : permissions,
        };
        await application.ChangePolicyAsync(policy => policy with { Rules = [.. policy.Rules, rule] });
        return rule.Id;
    }

    /// <summary>Everything of an answer that a caller can compare.</summary>
    private static async Task<(HttpStatusCode Status, string Headers, string? Detail)> AnswerAsync(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method is "GET" or "DELETE" ? null : JsonContent.Create(new { }) };
        using var response = await client.SendAsync(request);
        var problem = response.IsSuccessStatusCode ? default : await response.JsonAsync();
        var headers = string.Join(';', response.Headers.Concat(response.Content.Headers).Where(header => header.Key is not ("Date" or "Content-Length")).Select(header => header.Key).Order());
        return (response.StatusCode, headers, problem.ValueKind == JsonValueKind.Undefined ? null : problem.GetProperty("detail").GetString());
    }

    private static async Task<List<string>> ListAsync(HttpClient client, string path, int? limit, Func<JsonElement, string> name, Action<JsonElement>? look = null)
    {
        List<string> names = [];
        string? cursor = null;
        do
        {
            var query = limit is null ? "" : $"{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={limit}&cursor={cursor}";
            var response = await client.GetAsync(path + query);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var page = await response.JsonAsync();
            look?.Invoke(page);
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(name));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);

        return names;
    }
}
