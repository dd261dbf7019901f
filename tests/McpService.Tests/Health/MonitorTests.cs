using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Health;

namespace McpPlatform.McpService.Tests.Health;

[Collection(McpServiceCollection.Name)]
public sealed class MonitorTests(McpServiceApplication application)
{
    [Fact]
    public async Task A_server_is_checked_as_soon_as_it_is_registered_and_then_once_an_interval_by_all_replicas_together()
    {
        await using var probe = await application.ListenAsync<McpServerCheckedBatch>();
        await using var upstream = await ExampleMcpServer.StartAsync();
        await using var replica = application.StartReplica([]);
        var name = await application.RegisterAsync(upstream.Url);
        var check = Of(await probe.WaitForAsync(Has(name, ServerHealth.Healthy)), name);
        Assert.Equal((ServerHealth.Healthy, (int?)upstream.Tools.Count, null), (check.Status, check.ToolCount, check.Error));
        Assert.True(check.LatencyMs > 0);
        await Task.Delay(TimeSpan.FromSeconds(3));
        var times = probe.All(_ => true).SelectMany(batch => batch.Events).Where(x => x.ServerName == name).Select(x => x.OccurredAt).Order().ToList();
        Assert.InRange(times.Count, 2, 8);
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromMilliseconds(400), "It was checked twice in one interval."));
    }

    [Fact]
    public async Task A_server_that_hangs_is_degraded_first_then_unhealthy_and_healthy_when_it_is_back()
    {
        await using var probe = await application.ListenAsync<McpServerCheckedBatch>();
        await using var upstream = await ExampleMcpServer.StartAsync();
        upstream.Hangs = true;
        var name = await application.RegisterAsync(upstream.Url);
        var unhealthy = Of(await probe.WaitForAsync(Has(name, ServerHealth.Unhealthy), TimeSpan.FromSeconds(15)), name, ServerHealth.Unhealthy);
        Assert.Equal("It gave no answer within 1 s.", unhealthy.Error);
        Assert.NotEmpty(probe.All(Has(name, ServerHealth.Degraded)));
        using var client = application.ClientWith(Permissions.McpServersRead);
        var status = await (await client.GetAsync($"/api/mcp/servers/{name}/status")).JsonAsync();
        Assert.Equal("unhealthy", status.GetProperty("status").GetString());
        Assert.Equal(unhealthy.Error, status.GetProperty("cause").GetString());
        upstream.Hangs = false;
        await probe.WaitForAsync(Has(name, ServerHealth.Healthy), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public void One_failure_degrades_two_make_unhealthy_and_a_slow_answer_degrades()
    {
        var (slow, now) = (TimeSpan.FromSeconds(2), DateTimeOffset.UnixEpoch);
        ProbeResult good = new(TimeSpan.FromMilliseconds(5), 3, "2025-11-25", null), bad = new(TimeSpan.FromSeconds(5), null, null, "It hangs.");
        var once = new ServerHealth().After(good, slow, now).After(bad, slow, now);
        Assert.Equal((ServerHealth.Degraded, "It hangs.", 1), (once.Status, once.Cause, once.ConsecutiveFailures));
        var twice = once.After(bad, slow, now);
        Assert.Equal((ServerHealth.Unhealthy, 2, "2025-11-25"), (twice.Status, twice.ConsecutiveFailures, twice.ProtocolVersion));
        var back = twice.After(good, slow, now);
        Assert.Equal((ServerHealth.Healthy, null, 0), (back.Status, back.Cause, back.ConsecutiveFailures));
        Assert.Equal(ServerHealth.Degraded, back.After(good with { Elapsed = TimeSpan.FromSeconds(3) }, slow, now).Status);
    }

    private static Func<McpServerCheckedBatch, bool> Has(string name, string status) => batch => batch.Events.Any(check => check.ServerName == name && check.Status == status);

    private static McpServerChecked Of(McpServerCheckedBatch batch, string name, string? status = null) =>
        batch.Events.First(check => check.ServerName == name && (status is null || check.Status == status));
}
