using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Outbound;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;

namespace McpPlatform.McpService.Tests.Servers;

/// <summary>Servers whose address may not be reached: said when they are registered, and decided again when they are called.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class OutboundTests(McpServiceApplication application)
{
    private const string Route = "/api/mcp/servers";

    [Theory]
    [InlineData("http://127.0.0.2:9/mcp")]
    [InlineData("http://2130706434/mcp")]
    [InlineData("http://0x7f000002/mcp")]
    [InlineData("http://[::1]/mcp")]
    [InlineData("http://[::ffff:10.0.0.1]/mcp")]
    [InlineData("https://10.0.0.1/mcp")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://[fd00:ec2::254]/latest/meta-data/")]
    [InlineData("http://metadata.google.internal/computeMetadata/v1/")]
    public async Task A_server_that_may_not_be_reached_is_not_registered(string url)
    {
        using var admin = application.Admin();
        var name = await application.RegisterAsync("http://127.0.0.1:9/mcp");

        var response = await admin.PostAsJsonAsync(Route, new { name = McpServiceApplication.NewName(), url });
        Assert.Contains("OUTBOUND_ALLOW", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await admin.PatchAsJsonAsync($"{Route}/{name}", new { url })).StatusCode);
    }

    [Fact]
    public async Task A_call_to_an_address_that_is_no_longer_allowed_reaches_nobody()
    {
        using var canary = new TcpListener(IPAddress.Parse("127.0.0.2"), 0);
        canary.Start();
        using var admin = application.Admin();
        var name = await application.RegisterAsync("http://127.0.0.1:9/mcp");
        var url = $"http://127.0.0.2:{((IPEndPoint)canary.LocalEndpoint).Port}/mcp";
        await application.InDatabaseAsync(db => db.Servers.Where(server => server.Name == name).ExecuteUpdateAsync(set => set.SetProperty(server => server.Url, url)));

        var response = await admin.GetAsync($"{Route}/{name}/tools");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("may not be reached", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.False(canary.Pending());
    }

    [Theory]
    [InlineData("http://127.0.0.1:3001/mcp", "127.0.0.1:3001")]
    [InlineData("https://tools.internal/mcp", "tools.internal:443")]
    [InlineData("http://[::1]:3001/mcp", "[::1]:3001")]
    [InlineData("nonsense", null)]
    [InlineData(null, null)]
    public void The_operators_own_server_is_allowed_by_its_configuration(string? url, string? entry)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["MCP_SERVER_URL"] = url }).Build();
        var options = new OutboundOptions();

        new DefaultServerAddress(configuration).Configure(options);

        Assert.Equal(entry is null ? [] : [entry], options.Allow);
    }
}
