using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Tests.Access;

namespace McpPlatform.McpService.Tests.Access;

/// <summary>Over HTTP, for policies and callers made by chance: listed ⇔ allowed ⇔ what the engine explains.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class RandomAccessTests(McpServiceApplication application)
{
    private const int Cases = 40;
    private const string Route = "/api/mcp/servers";

    [Fact]
    public async Task What_is_listed_can_be_called_and_what_is_not_cannot_and_the_engine_says_the_same()
    {
        await using var upstream = await ExampleMcpServer.StartAsync();
        upstream.Tools = [.. ByChance.Tools.Select(tool => new JsonObject { ["name"] = tool })];
        foreach (var server in ByChance.Servers)
        {
            await application.RegisterAsync(upstream.Url, server);
            using var admin = application.Admin();
            Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync($"{Route}/{server}/tools")).StatusCode);
        }

        var policy = await application.ChangePolicyAsync(policy => policy);
        try
        {
            var allowed = 0;
            for (var seed = 1; seed <= Cases; seed++)
            {
                var random = new ByChance(seed);
                var made = random.Policy();
                var caller = random.Caller(made);
                var inForce = await application.ChangePolicyAsync(_ => made);
                allowed += await CheckAsync(random, new CompiledPolicy(inForce).For(caller), caller, $"seed {seed}");
            }

            Assert.InRange(allowed, Cases, Cases * ByChance.Servers.Length * ByChance.Tools.Length / 2);
        }
        finally
        {
            await application.ChangePolicyAsync(_ => policy);
        }
    }

    private async Task<int> CheckAsync(ByChance random, CallerAccess access, Caller caller, string seed)
    {
        using var client = application.ClientFor(caller);
        await CheckServersAsync(client, access, caller, seed);
        var canCall = caller.Permissions.Contains(Permissions.McpToolsCall);
        var found = canCall ? await NamesAsync(client, "/api/mcp/tools?limit=500", item => $"{item.GetProperty("server").GetString()}/{item.GetProperty("tool").GetProperty("name").GetString()}") : [];
        var listed = new List<string>();
        foreach (var server in ByChance.Servers)
        {
            var response = await client.GetAsync($"{Route}/{server}/tools");
            var isVisible = access.Decide(Permissions.McpToolsCall, AccessResource.Server(server)).Allowed;
            Assert.True(response.StatusCode == (!canCall ? HttpStatusCode.Forbidden : isVisible ? HttpStatusCode.OK : HttpStatusCode.NotFound), $"{seed}: tools of {server}");
            if (response.IsSuccessStatusCode)
            {
                listed.AddRange((await response.JsonAsync()).GetProperty("items").EnumerateArray().Select(tool => $"{server}/{tool.GetProperty("name").GetString()}"));
            }
        }

        var callable = ByChance.Servers.SelectMany(_ => ByChance.Tools, AccessResource.Tool).Where(tool => access.Decide(Permissions.McpToolsCall, tool).Allowed).Select(tool => tool.Name).Order(StringComparer.Ordinal).ToList();
        Assert.True(callable.SequenceEqual(listed.Order(StringComparer.Ordinal)), $"{seed}: listed {string.Join(' ', listed)}, callable {string.Join(' ', callable)}");
        Assert.Equal(callable, found.Where(name => ByChance.Servers.Contains(name.Split('/')[0])).Order(StringComparer.Ordinal));

        for (var index = 0; index < 8; index++)
        {
            var (server, tool) = (random.One(ByChance.Servers), random.One(ByChance.Tools));
            var response = await client.PostAsJsonAsync($"{Route}/{server}/tools/{Uri.EscapeDataString(tool)}/call", new { });
            var expected = !canCall ? HttpStatusCode.Forbidden : callable.Contains($"{server}/{tool}") ? HttpStatusCode.OK : HttpStatusCode.NotFound;
            Assert.True(expected == response.StatusCode, $"{seed}: {server}/{tool} answered {response.StatusCode}, not {expected}");
        }

        return callable.Count;
    }

    private static async Task CheckServersAsync(HttpClient client, CallerAccess access, Caller caller, string seed)
    {
        if (!caller.Permissions.Contains(Permissions.McpServersRead))
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(Route)).StatusCode);
            return;
        }

        var listed = await NamesAsync(client, $"{Route}?limit=500", item => item.GetProperty("name").GetString()!);
        foreach (var server in ByChance.Servers)
        {
            var isAllowed = access.Decide(Permissions.McpServersRead, AccessResource.Server(server)).Allowed;
            Assert.True(isAllowed == listed.Contains(server), $"{seed}: {server} is listed: {!isAllowed}");
            Assert.Equal(isAllowed ? HttpStatusCode.OK : HttpStatusCode.NotFound, (await client.GetAsync($"{Route}/{server}")).StatusCode);
        }
    }

    private static async Task<List<string>> NamesAsync(HttpClient client, string path, Func<JsonElement, string> name) =>
        [.. (await (await client.GetAsync(path)).JsonAsync()).GetProperty("items").EnumerateArray().Select(name)];
}
