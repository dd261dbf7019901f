using System.Net;
using System.Net.Http.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.McpService.Tests.Servers;

[Collection(McpServiceCollection.Name)]
public sealed class ServersTests(McpServiceApplication application)
{
    private const string Route = "/api/mcp/servers";

    [Fact]
    public async Task Register_server_announces_and_records_it()
    {
        await using var registered = await application.ListenAsync<McpServerRegistered>();
        await using var activities = await application.ListenAsync<ActivityRecorded>();
        using var admin = application.Admin();
        var name = McpServiceApplication.NewName();
        var response = await admin.PostAsJsonAsync(Route, new { name, url = "http://127.0.0.1:9/mcp?key=s3cret", description = " For tests " });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var server = await response.JsonAsync();
        Assert.Equal($"{Route}/{server.GetProperty("id").GetGuid()}", response.Headers.Location!.ToString());
        Assert.Equal("For tests", server.GetProperty("description").GetString());
        Assert.Equal("http", (await registered.WaitForAsync(fact => fact.Name == name)).Transport);
        var record = await activities.WaitForAsync(activity => activity.Target == name);
        Assert.Equal("mcp.servers.create", record.Action);
        Assert.Equal("http://127.0.0.1:9/mcp", record.NewValues!.Value.GetProperty("url").GetString());
    }

    [Fact]
    public async Task Register_server_rejects_duplicate_name()
    {
        using var admin = application.Admin();
        var name = await application.RegisterAsync("http://127.0.0.1:9/mcp");
        var responses = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => admin.PostAsJsonAsync(Route, new { name, url = "http://127.0.0.1:9/other" })));
        Assert.All(responses, response => Assert.Equal(HttpStatusCode.Conflict, response.StatusCode));
    }

    [Theory]
    [InlineData("Upper", "http://a/mcp", "http", "name")]
    [InlineData("-a", "http://a/mcp", "http", "name")]
    [InlineData("a--b", "http://a/mcp", "http", "name")]
    [InlineData("a\n", "http://a/mcp", "http", "name")]
    [InlineData("", "http://a/mcp", "http", "name")]
    [InlineData(null, "http://a/mcp", "http", "name")]
    [InlineData("018f0000-0000-7000-8000-000000000000", "http://a/mcp", "http", "name")]
    [InlineData("good", null, "http", "url")]
    [InlineData("good", "/mcp", "http", "url")]
    [InlineData("good", "ftp://a/mcp", "http", "url")]
    [InlineData("good", "http://①②⑦.0.0.1/mcp", "http", "url")]
    [InlineData("good", "file:///etc/passwd", "http", "url")]
    [InlineData("good", "http://user:password@a/mcp", "http", "url")]
    [InlineData("good", "http://a/mcp", "SSE", "transport")]
    [InlineData("good", "http://a/mcp", "stdio", "url")]
    [InlineData("good", "http://a/mcp", "carrier-pigeon", "transport")]
    public async Task Register_server_names_the_field_that_is_wrong(string? name, string? url, string transport, string field)
    {
        using var admin = application.Admin();
        await (await admin.PostAsJsonAsync(Route, new { name, url, transport })).AssertInvalidAsync(field);
    }

    [Fact]
    public async Task Register_server_refuses_fields_that_are_not_the_callers()
    {
        using var admin = application.Admin();
        var problem = await (await admin.PostAsJsonAsync(Route, new { name = McpServiceApplication.NewName(), url = "http://a/mcp", is_default = true }))
            .AssertProblemAsync(HttpStatusCode.BadRequest);
        Assert.Contains("is_default", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_servers_is_paged()
    {
        string[] names = [await application.RegisterAsync("http://127.0.0.1:9/1"), await application.RegisterAsync("http://127.0.0.1:9/2"), await application.RegisterAsync("http://127.0.0.1:9/3")];
        using var client = application.ClientWith(Permissions.McpServersRead);
        List<string> listed = [];
        string? cursor = null;
        do
        {
            var page = await (await client.GetAsync($"{Route}?limit=2&cursor={cursor}")).JsonAsync();
            listed.AddRange(page.GetProperty("items").EnumerateArray().Select(server => server.GetProperty("name").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.All(names, name => Assert.Single(listed, name));
        Assert.Equal(listed.Count, listed.Distinct(StringComparer.Ordinal).Count());
        await (await client.GetAsync($"{Route}?limit=0")).AssertInvalidAsync("limit");
        await (await client.GetAsync($"{Route}?limit=501")).AssertInvalidAsync("limit");
        await (await client.GetAsync($"{Route}?cursor=!")).AssertInvalidAsync("cursor");
    }

    [Fact]
    public async Task Get_server_takes_id_or_name_and_shows_the_query_of_the_url_to_managers_only()
    {
        var name = await application.RegisterAsync("http://127.0.0.1:9/mcp?key=s3cret");
        using var reader = application.ClientWith(Permissions.McpServersRead, Permissions.McpToolsCall);
        using var admin = application.Admin();
        var seen = await (await reader.GetAsync($"{Route}/{name}")).JsonAsync();
        Assert.Equal("http://127.0.0.1:9/mcp", seen.GetProperty("url").GetString());
        var managed = await (await admin.GetAsync($"{Route}/{seen.GetProperty("id").GetGuid()}")).JsonAsync();
        Assert.Equal("http://127.0.0.1:9/mcp?key=s3cret", managed.GetProperty("url").GetString());
        await (await reader.GetAsync($"{Route}/nobody")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await reader.GetAsync($"{Route}/nobody/status")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await reader.GetAsync($"{Route}/{Guid.CreateVersion7()}/tools")).AssertProblemAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Update_server_changes_what_is_named_and_records_before_and_after()
    {
        await using var activities = await application.ListenAsync<ActivityRecorded>();
        var name = await application.RegisterAsync("http://127.0.0.1:9/mcp");
        using var admin = application.Admin();
        var changed = await (await admin.PatchAsJsonAsync($"{Route}/{name}", new { url = "http://127.0.0.1:9/moved" })).JsonAsync();
        Assert.Equal("http://127.0.0.1:9/moved", changed.GetProperty("url").GetString());
        Assert.True(changed.GetProperty("enabled").GetBoolean());
        var record = await activities.WaitForAsync(activity => activity.Action == "mcp.servers.update" && activity.Target == name);
        Assert.Equal("http://127.0.0.1:9/mcp", record.OldValues!.Value.GetProperty("url").GetString());
        Assert.Equal("http://127.0.0.1:9/moved", record.NewValues!.Value.GetProperty("url").GetString());
        await (await admin.PatchAsJsonAsync($"{Route}/{name}", new { url = "gopher://a" })).AssertInvalidAsync("url");
        await (await admin.PatchAsJsonAsync($"{Route}/{name}", new { name = "other" })).AssertProblemAsync(HttpStatusCode.BadRequest);
        await (await admin.PatchAsJsonAsync($"{Route}/nobody", new { enabled = true })).AssertProblemAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Remove_server_records_it_and_ends_its_session()
    {
        await using var activities = await application.ListenAsync<ActivityRecorded>();
        await using var upstream = await ExampleMcpServer.StartAsync();
        var name = await application.RegisterAsync(upstream.Url);
        using var admin = application.Admin();
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync($"{Route}/{name}/tools")).StatusCode);
        Assert.Equal(1, upstream.SessionsOpen);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"{Route}/{name}")).StatusCode);
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
        {
            while (upstream.SessionsOpen > 0)
            {
                await Task.Delay(20, patience.Token);
            }
        }

        await (await admin.GetAsync($"{Route}/{name}")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await admin.DeleteAsync($"{Route}/{name}")).AssertProblemAsync(HttpStatusCode.NotFound);
        var record = await activities.WaitForAsync(activity => activity.Action == "mcp.servers.delete" && activity.Target == name);
        Assert.Equal(name, record.OldValues!.Value.GetProperty("name").GetString());
    }

    public static TheoryData<string, string> Routes() => new()
    {
        { "GET", Route }, { "POST", Route }, { "GET", $"{Route}/x" }, { "PATCH", $"{Route}/x" }, { "DELETE", $"{Route}/x" }, { "GET", $"{Route}/x/status" },
        { "GET", $"{Route}/x/tools" }, { "GET", "/api/mcp/tools" }, { "POST", $"{Route}/x/tools/y/call" },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Every_route_needs_a_token(string method, string path)
    {
        using var client = application.Anonymous();
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "GET" ? null : JsonContent.Create(new { }) };
        await (await client.SendAsync(request)).AssertProblemAsync(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Every_route_needs_its_permission(string method, string path)
    {
        string[] enough = path.EndsWith("call", StringComparison.Ordinal) || path.EndsWith("tools", StringComparison.Ordinal) ? [Permissions.McpToolsCall]
            : method == "GET" ? [Permissions.McpServersRead] : [Permissions.McpServersManage];
        using var client = application.ClientWith([.. McpServiceApplication.AllPermissions.Except(enough, StringComparer.Ordinal)]);
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "GET" ? null : JsonContent.Create(new { }) };
        await (await client.SendAsync(request)).AssertProblemAsync(HttpStatusCode.Forbidden);
    }
}
