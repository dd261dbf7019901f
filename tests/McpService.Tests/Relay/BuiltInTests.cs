using System.Net;
using System.Net.Http.Json;
using McpPlatform.McpService.Tests.BuiltIn;
using Microsoft.EntityFrameworkCore;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>A server that is part of the service, used like any other.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class BuiltInTests(McpServiceApplication application)
{
    [Theory]
    [InlineData("2026-07-28")]
    [InlineData("2025-11-25")]
    public async Task A_built_in_server_is_listed_called_and_kept_like_any_other(string version)
    {
        await using var jenkins = await JenkinsStandIn.StartAsync();
        var (replica, http) = application.StartReplicaFor(Guid.CreateVersion7(), jenkins.Settings);
        await using var stop = replica;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var transport = new HttpClientTransport(new() { Endpoint = new Uri(http.BaseAddress!, "/mcp"), TransportMode = HttpTransportMode.StreamableHttp }, http, ownsHttpClient: false);
        await using var client = await McpClient.CreateAsync(transport, new() { ProtocolVersion = version }, cancellationToken: patience.Token);

        while (!(await client.ListToolsAsync(cancellationToken: patience.Token)).Any(tool => tool.Name == "jenkins__list_jobs"))
        {
            await Task.Delay(50, patience.Token);
        }

        var jobs = await client.CallToolAsync("jenkins__list_jobs", cancellationToken: patience.Token);
        Assert.False(jobs.IsError == true, ((TextContentBlock)jobs.Content[0]).Text);
        Assert.NotNull(jobs.StructuredContent);
        using var overHttp = await http.PostAsJsonAsync("/api/mcp/servers/jenkins/tools/list_jobs/call", new { }, patience.Token);
        Assert.Equal(HttpStatusCode.OK, overHttp.StatusCode);

        Assert.Equal(HttpStatusCode.Conflict, (await http.DeleteAsync("/api/mcp/servers/jenkins", patience.Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await http.PatchAsJsonAsync("/api/mcp/servers/jenkins", new { url = "https://mcp.example.com/mcp" }, patience.Token)).StatusCode);
    }

    [Fact]
    public async Task A_replica_that_was_not_told_of_a_built_in_server_says_so_at_once()
    {
        await using (var jenkins = await JenkinsStandIn.StartAsync())
        {
            var (replica, _) = application.StartReplicaFor(Guid.CreateVersion7(), jenkins.Settings);
            await using var stop = replica;
            await UntilRegisteredAsync("jenkins");
        }

        using var http = application.Admin();
        http.Timeout = TimeSpan.FromSeconds(5);
        foreach (var _ in Enumerable.Range(0, 3))
        {
            using var answer = await http.GetAsync("/api/mcp/servers/jenkins/tools");
            var problem = await answer.AssertProblemAsync(HttpStatusCode.ServiceUnavailable);
            Assert.Contains("is built in and not configured", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    private async Task UntilRegisteredAsync(string name)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await application.InDatabaseAsync(db => db.Servers.AnyAsync(server => server.Name == name, patience.Token)))
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
