using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using McpPlatform.McpService.Protocol;
using McpPlatform.McpService.Tests.Relay;
using McpPlatform.McpService.Upstream;

namespace McpPlatform.McpService.Tests.Endurance;

/// <summary>Many clients that come and go, and calls that hang: what they took is given back.</summary>
[Collection(McpServiceCollection.Name)]
public sealed class EnduranceTests(McpServiceApplication application, ITestOutputHelper output)
{
    private static readonly int Many = int.Parse(Environment.GetEnvironmentVariable("ENDURANCE_SESSIONS") ?? "3000", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Sessions_that_are_dropped_are_bounded_and_those_that_end_leave_nothing()
    {
        var sessions = application.Part<ClientSessions>();
        using var client = application.Admin();
        await OpenAsync(client, 50);
        var (count, memory, files) = (sessions.Count, Memory(), Files());

        var ids = await OpenAsync(client, Many);
        await UntilAsync(() => sessions.Count <= 2_100);
        var kept = Math.Max(1, sessions.Count - count);
        output.WriteLine($"{Many} opened, {kept} kept, {(Memory() - memory) / 1024.0 / kept:0.0} KiB each, {Files() - files} more open files");
        Assert.True(Files() - files < 100, $"{files} open files have become {Files()}.");

        // Of a whole process, where other tests give memory back: what is measured alone is 13 KiB.
        Assert.True((Memory() - memory) / kept < 100 * 1024, $"{kept} sessions take {Memory() - memory} bytes.");

        await Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (id, stop) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, "/mcp");
            request.Headers.Add("Mcp-Session-Id", id);
            using var response = await client.SendAsync(request, stop);
            Assert.Contains(response.StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.NoContent, HttpStatusCode.NotFound]);
        });
        await UntilAsync(() => sessions.Count <= count);
        await UntilAsync(() => Memory() - memory < 16 * 1024 * 1024);
    }

    [Fact]
    public async Task Hung_calls_hold_up_nobody_and_end_with_their_clients()
    {
        await using var hung = await ExampleMcpServer.StartAsync();
        await using var well = await ExampleMcpServer.StartAsync();
        var (bad, good) = (await application.RegisterAsync(hung.Url), await application.RegisterAsync(well.Url));
        using var admin = application.Admin();
        foreach (var name in (string[])[bad, good])
        {
            Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync($"/api/mcp/servers/{name}/refresh", null)).StatusCode);
        }

        using var hangUp = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 20).Select(index => application.ClientFor(Guid.CreateVersion7(), $"caller-{index}", McpServiceApplication.AllPermissions)).ToList();
        var calls = callers.Select(async caller =>
        {
            using var response = await caller.PostAsJsonAsync($"/api/mcp/servers/{bad}/tools/slow/call", new { timeout_ms = 30_000 }, hangUp.Token);
        }).ToList();
        await UntilAsync(() => hung.Calls("slow").Count == 20);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsJsonAsync($"/api/mcp/servers/{good}/tools/echo/call", new { arguments = new { message = "hello" } })).StatusCode);

        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(calls));
        await UntilAsync(() => hung.Received.Count(message => (string?)message.Message["method"] == "notifications/cancelled") == 20);
        callers.ForEach(caller => caller.Dispose());
        await admin.DeleteAsync($"/api/mcp/servers/{bad}");
        await admin.DeleteAsync($"/api/mcp/servers/{good}");
        await UntilAsync(() => hung.SessionsOpen == 0);
    }

    [Fact]
    public async Task Conversations_with_servers_end_with_the_sessions_that_they_were_opened_for()
    {
        await using var upstream = await ExampleMcpServer.StartAsync();
        var name = await application.RegisterAsync(upstream.Url);
        var conversations = application.Part<UpstreamSessions>();
        using var client = application.ClientFor(Guid.CreateVersion7(), "caller", McpServiceApplication.AllPermissions);
        var ids = await OpenAsync(client, 100);
        await Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (id, _) =>
            await RawMcp.ResultAsync(await RawMcp.SendAsync(client, "/mcp", RawMcp.Call(1, $"{name}__echo", []), id)));
        Assert.True(upstream.SessionsOpen >= 100);
        Assert.True(conversations.Count >= 100);
        await Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (id, stop) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, "/mcp");
            request.Headers.Add("Mcp-Session-Id", id);
            (await client.SendAsync(request, stop)).Dispose();
        });

        // The platform's own, for the monitor, stays.
        await UntilAsync(() => upstream.SessionsOpen <= 1);
        using var admin = application.Admin();
        await admin.DeleteAsync($"/api/mcp/servers/{name}");
    }

    private static async Task<IReadOnlyCollection<string>> OpenAsync(HttpClient client, int count)
    {
        ConcurrentBag<string> ids = [];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, _) =>
        {
            using var response = await RawMcp.SendAsync(client, "/mcp", RawMcp.Initialize(), null);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            ids.Add(response.Headers.GetValues("Mcp-Session-Id").Single());
        });
        return ids;
    }

    private static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static int Files() => Directory.Exists("/proc/self/fd") ? Directory.GetFiles("/proc/self/fd").Length : 0;

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!isSo())
        {
            await Task.Delay(100, patience.Token);
        }
    }
}
