using System.Net;
using System.Net.Http.Json;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.McpService.Tests.Servers;

/// <summary>Conversations with a server, by hand; and what else it has.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class ControlTests(McpServiceApplication application)
{
    [Fact]
    public async Task A_server_is_connected_refreshed_and_disconnected_at_every_replica()
    {
        await using var upstream = await ExampleMcpServer.StartAsync();
        using var admin = application.Admin();
        var server = await application.RegisterAsync(upstream.Url);
        var connected = await (await admin.PostAsync($"/api/mcp/servers/{server}/connect", null)).JsonAsync();
        Assert.Equal(("2025-11-25", "example"), (connected.GetProperty("protocol_version").GetString(), connected.GetProperty("server_info").GetProperty("name").GetString()));
        var refreshed = await (await admin.PostAsync($"/api/mcp/servers/{server}/refresh", null)).JsonAsync();
        Assert.Equal(upstream.Tools.Count, refreshed.GetProperty("tools").GetInt32());

        var (replica, other) = application.StartReplicaFor(Guid.CreateVersion7());
        await using var stop = replica;
        Assert.Equal(HttpStatusCode.OK, (await other.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/echo/call", new { })).StatusCode);
        var opened = upstream.SessionsOpened;
        Assert.Equal(HttpStatusCode.NoContent, (await admin.PostAsync($"/api/mcp/servers/{server}/disconnect", null)).StatusCode);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (upstream.SessionsOpen > upstream.SessionsOpened - opened)
        {
            await Task.Delay(20, patience.Token);
        }

        Assert.Equal(HttpStatusCode.OK, (await other.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/echo/call", new { })).StatusCode);
        await upstream.DisposeAsync();
        await (await admin.PostAsync($"/api/mcp/servers/{server}/refresh", null)).AssertProblemAsync(HttpStatusCode.ServiceUnavailable);
        using var reader = application.ClientWith(Permissions.McpServersRead);
        await (await reader.PostAsync($"/api/mcp/servers/{server}/disconnect", null)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await admin.PostAsync("/api/mcp/servers/none/connect", null)).AssertProblemAsync(HttpStatusCode.NotFound);
        await admin.DeleteAsync($"/api/mcp/servers/{server}");
    }

    [Fact]
    public async Task Resources_templates_and_prompts_of_a_server_are_listed()
    {
        await using var fixture = await Relay.FixtureServer.StartAsync(isModern: true);
        using var admin = application.Admin();
        var server = await application.RegisterAsync(fixture.Url);
        foreach (var (path, member) in new[] { ("resources", "uri"), ("resource-templates", "uriTemplate"), ("prompts", "name") })
        {
            var items = (await (await admin.GetAsync($"/api/mcp/servers/{server}/{path}")).JsonAsync()).GetProperty("items").EnumerateArray().ToList();
            Assert.NotEmpty(items);
            Assert.All(items, item => Assert.NotEmpty(item.GetProperty(member).GetString()!));
            await (await admin.GetAsync($"/api/mcp/servers/none/{path}")).AssertProblemAsync(HttpStatusCode.NotFound);
        }

        await admin.DeleteAsync($"/api/mcp/servers/{server}");
    }
}
