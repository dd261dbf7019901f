using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Tests.Relay;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tests.Credentials;

/// <summary>What MCP servers are shown, for everybody and for each user.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class CredentialTests(McpServiceApplication application) : IAsyncLifetime
{
    private ExampleMcpServer upstream = null!;
    private readonly HttpClient admin = application.Admin();
    private readonly string server = McpServiceApplication.NewName();

    public async ValueTask InitializeAsync() => upstream = await ExampleMcpServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await admin.DeleteAsync($"/api/mcp/servers/{server}");
        admin.Dispose();
        await upstream.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_servers_headers_are_sent_with_everything_and_shown_to_nobody(bool isModern)
    {
        await using var records = await application.ListenAsync<ActivityRecorded>();
        (upstream.Modern, upstream.Keys) = (isModern, ["a-secret-key"]);
        using var created = await RegisterAsync(new() { ["X-Key"] = "a-secret-key", ["Authorization"] = "Bearer t0p" });
        Assert.DoesNotContain("a-secret-key", await created.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(admin));
        Assert.All(upstream.Received, message => Assert.Equal(("a-secret-key", "Bearer t0p"), (message.Headers["X-Key"].ToString(), message.Headers.Authorization.ToString())));

        var shown = await (await admin.GetAsync($"/api/mcp/servers/{server}/credential")).JsonAsync();
        Assert.Equal("stored", shown.GetProperty("state").GetString());
        Assert.Equal(["Authorization", "X-Key"], shown.GetProperty("server").GetProperty("header_names").EnumerateArray().Select(name => name.GetString()));
        Assert.DoesNotContain("a-secret-key", shown.GetRawText(), StringComparison.Ordinal);
        var stored = await application.InDatabaseAsync(db => db.Credentials.AsNoTracking().SingleAsync(row => db.Servers.Any(x => x.Id == row.ServerId && x.Name == server)));
        Assert.DoesNotContain("a-secret-key", Encoding.Latin1.GetString(stored.ProtectedHeaders), StringComparison.Ordinal);
        await records.WaitForAsync(x => x.Action == "mcp.tools.call" && x.Target!.StartsWith(server, StringComparison.Ordinal));
        Assert.DoesNotContain(records.All(_ => true), record => JsonSerializer.Serialize(record).Contains("a-secret-key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_new_key_is_in_force_at_every_replica_and_a_wrong_one_is_told_as_such()
    {
        upstream.Keys = ["right"];
        (await RegisterAsync(new() { ["X-Key"] = "wrong" })).Dispose();
        Assert.Equal(HttpStatusCode.BadGateway, await CallAsync(admin));
        await UntilAsync(async () => (await StatusAsync()).GetProperty("status").GetString() == "unhealthy");
        var status = await StatusAsync();
        Assert.Equal(("ok", "failing"), (status.GetProperty("reachable").GetProperty("state").GetString(), status.GetProperty("credential").GetProperty("state").GetString()));

        var (replica, other) = application.StartReplicaFor(Guid.CreateVersion7());
        await using var stop = replica;
        Assert.Equal(HttpStatusCode.BadGateway, await CallAsync(other));
        await StoreAsync(admin, string.Empty, "right");
        Assert.Equal(HttpStatusCode.OK, await CallAsync(admin));
        await UntilAsync(async () => await CallAsync(other) == HttpStatusCode.OK);
        await UntilAsync(async () => (await StatusAsync()).GetProperty("status").GetString() == "healthy");

        upstream.Keys = ["newer"];
        await StoreAsync(admin, string.Empty, "newer");
        await UntilAsync(async () => await CallAsync(other) == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"/api/mcp/servers/{server}/credential")).StatusCode);
        await UntilAsync(async () => await CallAsync(other) == HttpStatusCode.BadGateway);
        Assert.Equal("none", (await (await admin.GetAsync($"/api/mcp/servers/{server}/credential")).JsonAsync()).GetProperty("state").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_user_is_shown_as_that_user_and_who_has_stored_nothing_is_told_what_to_do(bool isModern)
    {
        (upstream.Modern, upstream.Keys) = (isModern, ["anna", "ben"]);
        (await RegisterAsync(null, "user")).Dispose();
        using var anna = application.ClientWith([.. Permissions.Catalogue.Keys]);
        using var ben = application.ClientWith([.. Permissions.Catalogue.Keys]);
        using var carl = application.ClientWith([.. Permissions.Catalogue.Keys]);
        await StoreAsync(anna, "/me", "anna");
        await StoreAsync(ben, "/me", "ben");
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 20), new ParallelOptions { MaxDegreeOfParallelism = 3 },
            async (i, _) => Assert.Equal(HttpStatusCode.OK, await CallAsync(i % 2 == 0 ? anna : ben, i % 2 == 0 ? "anna" : "ben")));
        Assert.All(
            upstream.Received.Where(message => (string?)message.Message["method"] == "tools/call"),
            message => Assert.Equal((string?)message.Message["params"]!["arguments"]!["message"], message.Headers["X-Key"].ToString()));

        using var refused = await carl.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/echo/call", new { });
        Assert.Contains("/credential/me", (await refused.AssertProblemAsync(HttpStatusCode.Conflict)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("needs_login", (await (await carl.GetAsync($"/api/mcp/servers/{server}/credential")).JsonAsync()).GetProperty("state").GetString());

        // Its tools stay in the list, marked; and that somebody has not logged in is no outage.
        await using var client = await application.ConnectAsync("/mcp", isModern: true, null, [.. Permissions.Catalogue.Keys]);
        var tool = (await client.ListToolsAsync()).Single(tool => tool.Name == $"{server}__echo");
        Assert.Contains("/credential/me", (string?)tool.ProtocolTool.Meta!["mcpplatform/needs_login"], StringComparison.Ordinal);
        Assert.True((await client.CallToolAsync(tool.Name)).IsError);
        await UntilAsync(async () => (await StatusAsync()).GetProperty("status").GetString() == "healthy");
        Assert.Equal(HttpStatusCode.NoContent, (await anna.DeleteAsync($"/api/mcp/servers/{server}/credential/me")).StatusCode);
        await UntilAsync(async () => await CallAsync(anna) == HttpStatusCode.Conflict);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(ben));
    }

    [Fact]
    public async Task A_server_that_moves_to_another_origin_loses_its_credentials()
    {
        await using var elsewhere = await ExampleMcpServer.StartAsync();
        (await RegisterAsync(new() { ["X-Key"] = "a-secret-key" })).Dispose();
        Assert.Equal(HttpStatusCode.OK, await CallAsync(admin));
        Assert.Equal(HttpStatusCode.OK, (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}", new { url = upstream.Url + "?v=2" })).StatusCode);
        Assert.Equal("stored", (await (await admin.GetAsync($"/api/mcp/servers/{server}/credential")).JsonAsync()).GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.OK, (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}", new { url = elsewhere.Url })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(admin));
        Assert.All(elsewhere.Received, message => Assert.Equal(string.Empty, message.Headers["X-Key"].ToString()));
        Assert.Equal("none", (await (await admin.GetAsync($"/api/mcp/servers/{server}/credential")).JsonAsync()).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_server_with_a_stream_that_moves_to_another_origin_loses_its_credentials_too()
    {
        (await RegisterAsync(new() { ["X-Key"] = "a-secret-key" }, transport: "sse")).Dispose();
        using var user = application.ClientWith([.. Permissions.Catalogue.Keys]);
        await StoreAsync(user, "/me", "a-users-key");
        Assert.Equal(HttpStatusCode.OK, (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}", new { url = upstream.Url + "?v=2" })).StatusCode);
        Assert.Equal("stored", (await (await admin.GetAsync($"/api/mcp/servers/{server}/credential")).JsonAsync()).GetProperty("state").GetString());
        await using var elsewhere = await ExampleMcpServer.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}", new { url = elsewhere.Url })).StatusCode);
        Assert.Equal("none", (await (await admin.GetAsync($"/api/mcp/servers/{server}/credential")).JsonAsync()).GetProperty("state").GetString());
        Assert.Equal("none", (await (await user.GetAsync($"/api/mcp/servers/{server}/credential")).JsonAsync()).GetProperty("state").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_user_stores_is_shown_instead_of_the_servers_secret_and_never_beside_it(bool isModern)
    {
        (upstream.Modern, upstream.Keys) = (isModern, ["everybodys", "mine"]);
        (await RegisterAsync(new() { ["X-Key"] = "everybodys", ["Authorization"] = "Bearer everybodys" })).Dispose();
        using var user = application.ClientWith(Permissions.McpServersRead, Permissions.McpToolsCall);

        // With everybody's secret beside it, such a header would make its user another one, at servers that know it.
        using var stored = await user.PutAsJsonAsync(
            $"/api/mcp/servers/{server}/credential/me", new { headers = new Dictionary<string, string> { ["X-Key"] = "mine", ["Sudo"] = "root" } });
        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(user, "of the user"));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(admin, "of another"));
        Assert.Equal(("mine", "root", string.Empty), Shown("of the user"));
        Assert.Equal(("everybodys", string.Empty, "Bearer everybodys"), Shown("of another"));
        Assert.DoesNotContain(upstream.Received, message => message.Headers["Sudo"].Count > 0 && message.Headers.Authorization.Count > 0);

        (string, string, string) Shown(string message)
        {
            var headers = upstream.Received.Single(x => (string?)x.Message["method"] == "tools/call" && (string?)x.Message["params"]!["arguments"]!["message"] == message).Headers;
            return (headers["X-Key"].ToString(), headers["Sudo"].ToString(), headers.Authorization.ToString());
        }
    }

    [Fact]
    public async Task The_credentials_of_a_user_who_is_gone_for_good_go_too()
    {
        await using var records = await application.ListenAsync<ActivityRecorded>();
        (await RegisterAsync(new() { ["X-Key"] = "everybodys" })).Dispose();
        var (gone, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        foreach (var id in new[] { gone, other })
        {
            using var user = application.ClientFor(id, "caller", Permissions.McpServersRead, Permissions.McpToolsCall);
            await StoreAsync(user, "/me", "a-users-key");
        }

        await application.PublishAsync(new UserAnonymised { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = gone, Username = $"deleted:{gone:N}" });
        await records.WaitForAsync(x => x.Action == "mcp.credentials.remove" && x.Target == gone.ToString());
        var left = await application.InDatabaseAsync(db => db.Credentials.Where(row => db.Servers.Any(x => x.Id == row.ServerId && x.Name == server)).Select(row => row.UserId).ToListAsync());
        Assert.Equal([null, other], left.Order());
    }

    [Theory]
    [InlineData("Host", "mcp.example.com")]
    [InlineData("mcp-session-id", "x")]
    [InlineData("Content-Length", "5")]
    [InlineData("X-Forwarded-For", "1.2.3.4")]
    [InlineData("X Key", "x")]
    [InlineData("X-Key", "a\r\nInjected: b")]
    [InlineData("X-Key", "")]
    [InlineData("X-Key", "schlüssel")]
    [InlineData("", "x")]
    public async Task Headers_that_are_not_to_be_chosen_are_refused(string name, string value)
    {
        await (await admin.PostAsJsonAsync("/api/mcp/servers", new { name = server, url = upstream.Url, headers = new Dictionary<string, string> { [name] = value } })).AssertInvalidAsync("headers");
        (await RegisterAsync(null)).Dispose();
        await (await admin.PutAsJsonAsync($"/api/mcp/servers/{server}/credential", new { headers = new Dictionary<string, string> { [name] = value } })).AssertInvalidAsync("headers");
    }

    [Fact]
    public async Task Only_who_manages_a_server_stores_what_is_for_everybody()
    {
        (await RegisterAsync(null)).Dispose();
        using var user = application.ClientWith(Permissions.McpServersRead, Permissions.McpToolsCall);
        await (await user.PutAsJsonAsync($"/api/mcp/servers/{server}/credential", new { headers = new { X = "y" } })).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await user.DeleteAsync($"/api/mcp/servers/{server}/credential")).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await user.PutAsJsonAsync("/api/mcp/servers/none/credential/me", new { headers = new { X = "y" } })).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await admin.PutAsJsonAsync($"/api/mcp/servers/{server}/credential", new { })).AssertInvalidAsync("headers");
        await (await admin.PatchAsJsonAsync($"/api/mcp/servers/{server}", new { credential_owner = "nobody" })).AssertInvalidAsync("credential_owner");
    }

    private async Task<HttpResponseMessage> RegisterAsync(Dictionary<string, string>? headers, string owner = "server", string transport = "http")
    {
        var response = await admin.PostAsJsonAsync("/api/mcp/servers", new { name = server, url = upstream.Url, headers, credential_owner = owner, transport });
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return response;
    }

    private async Task StoreAsync(HttpClient client, string whose, string key)
    {
        using var response = await client.PutAsJsonAsync($"/api/mcp/servers/{server}/credential{whose}", new { headers = new Dictionary<string, string> { ["X-Key"] = key } });
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
    }

    private async Task<HttpStatusCode> CallAsync(HttpClient client, string message = "hello")
    {
        using var response = await client.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/echo/call", new { arguments = new { message } });
        return response.StatusCode;
    }

    private async Task<JsonElement> StatusAsync() => await (await admin.GetAsync($"/api/mcp/servers/{server}/status")).JsonAsync();

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        while (!await condition())
        {
            await Task.Delay(50, patience.Token);
        }
    }
}
