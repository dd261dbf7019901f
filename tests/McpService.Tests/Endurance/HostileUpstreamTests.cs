using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Tests.Endurance;

/// <summary>Servers that flood, drip, die, redirect or lie when they are asked for their tools: each is named, and the others are listed.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class HostileUpstreamTests(McpServiceApplication application)
{
    private const string Tool = "{\"name\":\"fine\",\"inputSchema\":{\"type\":\"object\"}}";

    /// <summary>What the server does, and what is said of it; null where its list is usable in part.</summary>
    private static readonly Dictionary<string, (Func<JsonObject, HttpContext, Task> Answer, string? Reason)> Ways = new(StringComparer.Ordinal)
    {
        ["floods with notifications"] = (async (_, context) =>
        {
            context.Response.ContentType = "text/event-stream";
            var news = Encoding.UTF8.GetBytes($"data: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{{\"level\":\"info\",\"data\":\"{new string('x', 4_000)}\"}}}}\n\n");
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(news, context.RequestAborted);
            }
        }, ""),
        ["lists 100,000 tools"] = ((message, context) => SendAsync(context, message, $"{{\"tools\":[{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"{{\"name\":\"t{i}\"}}"))}]}}"), "lists more"),
        ["gives ever-new cursors"] = ((message, context) => SendAsync(context, message, $"{{\"tools\":[{Tool}],\"nextCursor\":\"{Guid.CreateVersion7()}\"}}"), ""),
        ["gives one cursor again and again"] = ((message, context) => SendAsync(context, message, $"{{\"tools\":[{Tool}],\"nextCursor\":\"a\"}}"), "lists more"),
        ["drips"] = (async (message, context) =>
        {
            context.Response.ContentType = "application/json";
            foreach (var letter in HostileUpstream.Reply(message, $"{{\"tools\":[{Tool}]}}"))
            {
                await context.Response.WriteAsync(letter.ToString(), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(1_000, context.RequestAborted);
            }
        }, "within 1 s"),
        ["dies"] = (async (_, context) =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"jsonrpc\":");
            await context.Response.Body.FlushAsync();
            context.Abort();
        }, ""),
        ["redirects to another host"] = (RedirectAsync("http://example.org/mcp"), "redirect"),
        ["redirects to the cloud's metadata"] = (RedirectAsync("http://169.254.169.254/latest/meta-data/"), "redirect"),
        ["answers to another id"] = ((_, context) => HostileUpstream.SendAsync(context, $"{{\"jsonrpc\":\"2.0\",\"id\":4711,\"result\":{{\"tools\":[{Tool}]}}}}"), ""),
        ["calls it a page"] = ((message, context) => HostileUpstream.SendAsync(context, Encoding.UTF8.GetBytes(HostileUpstream.Reply(message, "{\"tools\":[]}")), "text/html"), ""),
        ["promises more than it sends"] = (async (message, context) =>
        {
            context.Response.ContentLength = 100_000;
            await HostileUpstream.SendAsync(context, HostileUpstream.Reply(message, "{\"tools\":[]}"));
            await context.Response.Body.FlushAsync();
            context.Abort();
        }, ""),
        ["sends a batch"] = ((message, context) => HostileUpstream.SendAsync(context, $"[{HostileUpstream.Reply(message, "{\"tools\":[]}")}]"), ""),
        ["sends nothing"] = ((_, context) => HostileUpstream.SendAsync(context, string.Empty), ""),
        ["nests 10,000 deep"] = ((message, context) => SendAsync(context, message, $"{{\"tools\":[{{\"name\":\"deep\",\"inputSchema\":{string.Concat(Enumerable.Repeat("{\"a\":", 10_000))}1{new string('}', 10_000)}}}]}}"), ""),
        ["sends what is not UTF-8"] = ((message, context) => HostileUpstream.SendAsync(context, Encoding.Latin1.GetBytes(HostileUpstream.Reply(message, "{\"tools\":[{\"name\":\"caf\u00e9\xff\",\"inputSchema\":{\"type\":\"object\"}}]}"))), null),
        ["sends half a letter"] = ((message, context) => SendAsync(context, message, "{\"tools\":[{\"name\":\"\\ud800\",\"inputSchema\":{\"type\":\"object\"}}]}"), null),
        ["names things twice"] = ((message, context) => SendAsync(context, message, $"{{\"tools\":[{{\"name\":\"a\",\"name\":\"b\",\"inputSchema\":{{\"type\":\"object\"}}}},{Tool}]}}"), null),
        ["names things twice, deep down"] = ((message, context) => SendAsync(context, message, $"{{\"tools\":[{{\"name\":\"a\",\"inputSchema\":{{\"type\":\"object\",\"b\":1,\"b\":2}}}},{Tool}]}}"), null),
        ["has tools of one name, of none and of 64 KiB"] = ((message, context) => SendAsync(context, message, $"{{\"tools\":[{Tool},{Tool},{{}},1,null,{{\"name\":7}},{{\"name\":\"a\\u0000b\"}},{{\"name\":\"{new string('n', 65_536)}\"}}]}}"), null),
        ["answers twice"] = ((message, context) => HostileUpstream.SendAsync(context, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($"data: {HostileUpstream.Reply(message, $"{{\"tools\":[{Tool}]}}")}\n\n", 2))), "text/event-stream"), null),
    };

    public static TheoryData<string> Names => [.. Ways.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_hostile_server_is_named_and_the_others_are_listed(string way)
    {
        await using var hostile = await HostileUpstream.StartAsync();
        await using var well = await ExampleMcpServer.StartAsync();
        var (bad, good) = (await application.RegisterAsync(hostile.Url), await application.RegisterAsync(well.Url));
        (hostile.Answer, var reason) = Ways[way];
        var bundle = McpServiceApplication.NewName();
        using var admin = application.Admin();
        (await admin.PostAsJsonAsync("/api/mcp/bundles", new { name = bundle, prefix = "never", servers = new[] { new { name = bad }, new { name = good } } })).EnsureSuccessStatusCode();
        await using var client = await application.ConnectAsync($"/mcp/{bundle}", isModern: true, null, Permissions.McpToolsCall);

        var watch = Stopwatch.StartNew();
        var list = await client.ListToolsAsync(new ListToolsRequestParams());

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 6);
        Assert.Contains(list.Tools, tool => tool.Name == "slow");
        if (reason is not null)
        {
            var missing = Assert.Single(list.Meta!["mcpplatform/missing"]!.AsArray())!;
            Assert.Equal(bad, (string?)missing["server"]);
            Assert.Contains(reason, (string?)missing["reason"], StringComparison.Ordinal);
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (hostile.Open > 0)
        {
            await Task.Delay(20, patience.Token);
        }

        foreach (var name in (string[])[bad, good])
        {
            using var gone = await admin.DeleteAsync($"/api/mcp/servers/{name}");
        }
    }

    private static Task SendAsync(HttpContext context, JsonObject message, string result) => HostileUpstream.SendAsync(context, HostileUpstream.Reply(message, result));

    private static Func<JsonObject, HttpContext, Task> RedirectAsync(string target) => (_, context) =>
    {
        context.Response.Redirect(target, permanent: false, preserveMethod: true);
        return Task.CompletedTask;
    };
}
