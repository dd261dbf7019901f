using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Servers;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tests.Servers;

[Collection(McpServiceCollection.Name)]
public sealed class DefaultServerTests(McpServiceApplication application)
{
    [Fact]
    public async Task Two_replicas_register_and_announce_the_server_of_MCP_SERVER_URL_once()
    {
        await using var registered = await application.ListenAsync<McpServerRegistered>();
        var name = McpServiceApplication.NewName();
        Dictionary<string, string?> settings = new(StringComparer.Ordinal) { ["MCP_SERVER_URL"] = "http://127.0.0.1:9/mcp", ["MCP_SERVER_NAME"] = name };
        await using (application.StartReplica(settings))
        await using (application.StartReplica(settings))
        {
            await registered.WaitForAsync(fact => fact.Name == name);
            await WaitForServerAsync(name, server => server.IsDefault);
            using var admin = application.Admin();
            await (await admin.PatchAsJsonAsync($"/api/mcp/servers/{name}", new { url = "http://127.0.0.1:9/other" })).AssertProblemAsync(HttpStatusCode.Conflict);
            await (await admin.DeleteAsync($"/api/mcp/servers/{name}")).AssertProblemAsync(HttpStatusCode.Conflict);
        }

        await using (application.StartReplica(new(settings, StringComparer.Ordinal) { ["MCP_SERVER_URL"] = "http://127.0.0.1:9/moved" }))
        {
            await WaitForServerAsync(name, server => server.Url == "http://127.0.0.1:9/moved");
        }

        await using (application.StartReplica([]))
        {
            await WaitForServerAsync(name, server => !server.IsDefault);
        }

        Assert.Single(registered.All(fact => fact.Name == name));
    }

    [Theory]
    [InlineData("MCP_SERVER_URL", "not-a-url")]
    [InlineData("MCP_SERVER_URL", "ftp://files.example.com/mcp")]
    [InlineData("MCP_SERVER_URL", "http://user:password@127.0.0.1/mcp")]
    [InlineData("MCP_SERVER_NAME", "Not A Name")]
    [InlineData("Monitor__Interval", "00:00:00")]
    [InlineData("Upstream__MaxCallsPerUser", "0")]
    public async Task A_wrong_setting_stops_the_process_with_one_sentence_that_names_it(string key, string value)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment[key] = value;
        start.Environment["ConnectionStrings__mcpdb"] = "Host=127.0.0.1;Port=1;Username=x;Database=x";
        start.Environment["ConnectionStrings__redis"] = application.Redis;
        start.Environment["ConnectionStrings__rabbitmq"] = "amqp://x:x@127.0.0.1:1";
        start.Environment["Authentication__Issuer"] = "http://127.0.0.1/";
        start.Environment["JWT_SECRET_KEY"] = new string('k', 48);
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = (await process.StandardError.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        await output;
        Assert.Equal(1, process.ExitCode);
        Assert.DoesNotContain('\n', error);
        Assert.Contains(key, error, StringComparison.Ordinal);
        Assert.Contains("must be", error, StringComparison.Ordinal);
        Assert.DoesNotContain("password@", error, StringComparison.Ordinal);
    }

    private async Task WaitForServerAsync(string name, Func<Server, bool> fits)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var server = await application.InDatabaseAsync(db => db.Servers.AsNoTracking().SingleOrDefaultAsync(server => server.Name == name));
            if (server is not null && fits(server))
            {
                return;
            }

            await Task.Delay(50);
        }

        Assert.Fail($"{name} did not become what it should be within 10 s.");
    }
}
