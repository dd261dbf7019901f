using System.Net;
using System.Net.Http.Json;

namespace McpPlatform.McpService.Tests.Tools;

[Collection(McpServiceCollection.Name)]
public sealed class EverythingServerTests(McpServiceApplication application, EverythingServer everything) : IClassFixture<EverythingServer>
{
    [Fact]
    public async Task The_reference_server_lists_and_calls()
    {
        var name = await application.RegisterAsync(everything.Url);
        using var client = application.Admin();
        var tools = (await (await client.GetAsync($"/api/mcp/servers/{name}/tools")).JsonAsync()).GetProperty("items").EnumerateArray()
            .Select(tool => tool.GetProperty("name").GetString()).ToList();
        Assert.Contains("echo", tools);
        Assert.Contains("get-sum", tools);
        Assert.Equal("Echo: hello", await CallAsync(client, name, "echo", new { message = "hello" }));
        Assert.Contains("42", await CallAsync(client, name, "get-sum", new { a = 19, b = 23 }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_reference_server_is_told_to_stop_when_the_time_is_over()
    {
        var name = await application.RegisterAsync(everything.Url);
        using var client = application.Admin();
        var response = await client.PostAsJsonAsync(
            $"/api/mcp/servers/{name}/tools/trigger-long-running-operation/call", new { arguments = new { duration = 10, steps = 5 }, timeout_ms = 500 });
        await response.AssertProblemAsync(HttpStatusCode.GatewayTimeout);
    }

    private static async Task<string?> CallAsync(HttpClient client, string server, string tool, object arguments)
    {
        var response = await client.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/{tool}/call", new { arguments });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.JsonAsync()).GetProperty("content")[0].GetProperty("text").GetString();
    }
}
