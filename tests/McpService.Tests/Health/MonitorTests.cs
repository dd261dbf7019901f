using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace McpPlatform.McpService.Tests.Health;

[Collection(McpServiceCollection.Name)]
public sealed class MonitorTests(McpServiceApplication application)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_server_is_checked_as_soon_as_it_is_registered_and_then_once_an_interval_by_all_replicas_together()
    {
        await using var probe = await application.ListenAsync<McpServerCheckedBatch>();
        await using var upstream = await ExampleMcpServer.StartAsync();
        await using var replica = application.StartReplica([]);
        var name = await application.RegisterAsync(upstream.Url);
        var check = Of(await probe.WaitForAsync(Has(name, ServerHealth.Healthy), Patience), name);
        Assert.Equal((ServerHealth.Healthy, (int?)upstream.Tools.Count, null), (check.Status, check.ToolCount, check.Error));
        Assert.True(check.LatencyMs > 0);
        await Task.Delay(TimeSpan.FromSeconds(3));
        var times = probe.All(_ => true).SelectMany(batch => batch.Events).Where(x => x.ServerName == name).Select(x => x.OccurredAt).Order().ToList();
        Assert.InRange(times.Count, 2, 8);
        Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromMilliseconds(400), "It was checked twice in one interval."));
    }

    [Fact]
    public async Task A_server_that_hangs_is_unhealthy_after_two_looks_and_healthy_when_it_is_back()
    {
        await using var probe = await application.ListenAsync<McpServerCheckedBatch>();
        await using var upstream = await ExampleMcpServer.StartAsync();
        var name = await application.RegisterAsync(upstream.Url);
        await probe.WaitForAsync(Has(name, ServerHealth.Healthy), Patience);
        upstream.Hangs = true;
        var unhealthy = Of(await probe.WaitForAsync(Has(name, ServerHealth.Unhealthy), Patience), name, ServerHealth.Unhealthy);
        Assert.Equal("It accepts connections, but gave no answer within 1 s.", unhealthy.Error);
        Assert.NotEmpty(probe.All(batch => batch.Events.Any(check => check.ServerName == name && check.Status == ServerHealth.Healthy && check.Error == unhealthy.Error)));
        var status = await StatusAsync(name);
        Assert.Equal(("unhealthy", unhealthy.Error), (status.GetProperty("status").GetString(), status.GetProperty("cause").GetString()));
        Assert.Equal(("ok", "failing"), (State(status, "reachable"), State(status, "protocol")));
        upstream.Hangs = false;
        await probe.WaitForAsync(Has(name, ServerHealth.Healthy), Patience);
    }

    [Fact]
    public async Task What_is_wrong_with_a_server_is_told_apart()
    {
        await using var probe = await application.ListenAsync<McpServerCheckedBatch>();
        await using var upstream = await ExampleMcpServer.StartAsync();
        await using var silent = await ExampleMcpServer.StartAsync();
        silent.Hangs = true;
        await using var encrypted = await StartWithUnknownCertificateAsync();
        var gone = await ExampleMcpServer.StartAsync();
        var (closed, page) = (gone.Url, upstream.Url.Replace("/mcp", "/no-mcp", StringComparison.Ordinal));
        await gone.DisposeAsync();
        (string Url, string Reachable, string Credential, string Protocol, string Cause)[] faults =
        [
            (closed, "failing", "unknown", "unknown", "It cannot be reached: it does not accept connections."),
            (encrypted.Urls.First(), "failing", "unknown", "unknown", "It cannot be reached: its TLS certificate is not valid."),
            (upstream.Url.Replace("/mcp", "/locked", StringComparison.Ordinal), "ok", "failing", "unknown", "It "),
            (page, "ok", "ok", "failing", "It "),
            (silent.Url, "ok", "ok", "failing", "It accepts connections, but gave no answer within 1 s."),
        ];
        List<string> causes = [];
        foreach (var fault in faults)
        {
            var name = await application.RegisterAsync(fault.Url);
            await probe.WaitForAsync(Has(name, ServerHealth.Unhealthy), Patience);
            var status = await StatusAsync(name);
            Assert.Equal((fault.Reachable, fault.Credential, fault.Protocol), (State(status, "reachable"), State(status, "credential"), State(status, "protocol")));
            Assert.StartsWith(fault.Cause, status.GetProperty("cause").GetString(), StringComparison.Ordinal);
            causes.Add(status.GetProperty("cause").GetString()!);
        }

        Assert.Equal(causes.Count, causes.Distinct().Count());
    }

    [Fact]
    public async Task What_a_replica_took_that_died_is_looked_at_by_another()
    {
        await using var probe = await application.ListenAsync<McpServerCheckedBatch>();
        await using var upstream = await ExampleMcpServer.StartAsync();
        var name = await application.RegisterAsync(upstream.Url);
        await probe.WaitForAsync(Has(name, ServerHealth.Healthy), Patience);
        var taken = DateTimeOffset.UtcNow.AddSeconds(4);
        await application.InDatabaseAsync(db => db.Servers.Where(server => server.Name == name).ExecuteUpdateAsync(set => set.SetProperty(x => x.Health.NextCheckAt, taken)));
        await probe.WaitForAsync(batch => batch.Events.Any(check => check.ServerName == name && check.OccurredAt >= taken), Patience);
    }

    [Fact]
    public void One_failure_changes_nothing_and_two_do()
    {
        var (slow, now) = (TimeSpan.FromSeconds(2), DateTimeOffset.UnixEpoch);
        ProbeResult good = new(TimeSpan.FromMilliseconds(5)) { ToolCount = 3, ProtocolVersion = "2025-11-25" }, late = good with { Elapsed = TimeSpan.FromSeconds(3) };
        var bad = ProbeResult.Bad(TimeSpan.FromSeconds(5), HealthPart.Protocol, "It hangs.");
        Assert.Equal((ServerHealth.Unknown, "It hangs."), Told(new ServerHealth().After(bad, slow, now)));
        var well = new ServerHealth().After(good, slow, now);
        var once = well.After(bad, slow, now.AddSeconds(1));
        Assert.Equal((ServerHealth.Healthy, "It hangs.", 1), (once.Status, once.Cause, once.ConsecutiveFailures));
        Assert.Equal((PartHealth.Ok, "It hangs.", now), (once.Protocol.State, once.Protocol.Cause, once.Protocol.Since));
        Assert.Equal((ServerHealth.Healthy, null), Told(once.After(good, slow, now)));
        var twice = once.After(bad, slow, now.AddSeconds(2));
        Assert.Equal((ServerHealth.Unhealthy, 2, "2025-11-25", 3), (twice.Status, twice.ConsecutiveFailures, twice.ProtocolVersion, twice.ToolCount));
        Assert.Equal((PartHealth.Failing, PartHealth.Ok, now.AddSeconds(2), now), (twice.Protocol.State, twice.Reachable.State, twice.Protocol.Since, twice.Protocol.LastOkAt));
        Assert.Equal((ServerHealth.Healthy, null), Told(twice.After(good, slow, now)));
        var away = ProbeResult.Bad(TimeSpan.Zero, HealthPart.Reachable, "It is away.");
        Assert.Equal((ServerHealth.Unhealthy, PartHealth.Failing, PartHealth.Failing), (twice.After(away, slow, now).After(away, slow, now) is var gone ? gone.Status : "", gone.Reachable.State, gone.Protocol.State));
        Assert.Equal(ServerHealth.Healthy, well.After(late, slow, now).Status);
        var slowTwice = well.After(late, slow, now).After(late, slow, now);
        Assert.Equal(ServerHealth.Degraded, slowTwice.Status);
        Assert.Equal(ServerHealth.Healthy, slowTwice.After(good, slow, now).Status);
    }

    private static (string, string?) Told(ServerHealth health) => (health.Status, health.Cause);

    private static string? State(JsonElement status, string part) => status.GetProperty(part).GetProperty("state").GetString();

    private async Task<JsonElement> StatusAsync(string name)
    {
        using var client = application.ClientWith(Permissions.McpServersRead);
        return await (await client.GetAsync($"/api/mcp/servers/{name}/status")).JsonAsync();
    }

    private static async Task<WebApplication> StartWithUnknownCertificateAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = new CertificateRequest("CN=nobody", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate));
        var app = builder.Build();
        app.Urls.Add("https://127.0.0.1:0");
        await app.StartAsync();
        return app;
    }

    private static Func<McpServerCheckedBatch, bool> Has(string name, string status) => batch => batch.Events.Any(check => check.ServerName == name && check.Status == status);

    private static McpServerChecked Of(McpServerCheckedBatch batch, string name, string? status = null) =>
        batch.Events.First(check => check.ServerName == name && (status is null || check.Status == status));
}
