using McpPlatform.Contracts.Identity;
using System.Net;
using System.Net.Http.Json;
using McpPlatform.TestSupport;

namespace McpPlatform.Gateway.Tests;

[Collection(GatewayTests.Name)]
public sealed class RequestEventTests(GatewayApplication gateway, PlatformServers servers)
{
    [Fact]
    public async Task Allowed_request_is_recorded_in_full()
    {
        await gateway.ListenAsync();
        var (user, before) = (Guid.CreateVersion7(), DateTimeOffset.UtcNow);
        using var client = gateway.ClientFor(user, "carol");
        client.DefaultRequestHeaders.UserAgent.ParseAdd("tester/1.0 (" + new string('x', 600) + ")");
        using var response = await client.PostAsJsonAsync("/api/db/connections/recorded?password=secret", new { name = "x" });
        var body = await response.Content.ReadAsByteArrayAsync();

        var recorded = await gateway.RecordedAsync("/api/db/connections/recorded");
        Assert.Equal("POST", recorded.Method);
        Assert.Equal(("db", "userservice"), (recorded.Route, recorded.Service));
        Assert.Equal(200, recorded.Status);
        Assert.Null(recorded.Error);
        Assert.Equal((user, "carol"), (recorded.UserId!.Value, recorded.Username));
        Assert.Equal("{\"name\":\"x\"}".Length, recorded.RequestBytes);
        Assert.Equal(body.Length, recorded.ResponseBytes);
        Assert.Equal("127.0.0.1", recorded.ClientIp);
        Assert.StartsWith("tester/1.0 (xxx", recorded.UserAgent, StringComparison.Ordinal);
        Assert.Equal(512, recorded.UserAgent!.Length);
        Assert.InRange(recorded.DurationMs, 0.01, 10_000);
        Assert.InRange(recorded.OccurredAt, before.AddSeconds(-1), DateTimeOffset.UtcNow);
        Assert.Equal(7, recorded.EventId.Version);
        Assert.Matches("^[0-9a-f]{32}$", recorded.TraceId);
        Assert.DoesNotContain("secret", recorded.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Denied_and_unknown_requests_are_recorded()
    {
        await gateway.ListenAsync();
        using var anonymous = gateway.Anonymous();
        using var client = gateway.SignedIn();
        await anonymous.GetAsync("/api/users/denied");
        await client.GetAsync("/recorded/nowhere");

        var denied = await gateway.RecordedAsync("/api/users/denied");
        Assert.Equal((401, "users", null), (denied.Status, denied.Route, denied.UserId));
        var unknown = await gateway.RecordedAsync("/recorded/nowhere");
        Assert.Equal((404, null, "gateway"), (unknown.Status, unknown.Route, unknown.Service));
        Assert.NotNull(unknown.UserId);
    }

    [Fact]
    public async Task Refused_bodies_and_lost_clients_are_recorded()
    {
        await gateway.ListenAsync();
        gateway.Backends["userservice"].Answer("/api/users/abandoned", context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var client = gateway.SignedIn();
        await client.PostAsync("/api/users/toolarge", new ByteArrayContent(new byte[1024 * 1024 + 1]));
        using var impatience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetAsync("/api/users/abandoned", impatience.Token));

        Assert.Equal(413, (await gateway.RecordedAsync("/api/users/toolarge")).Status);
        var abandoned = await gateway.RecordedAsync("/api/users/abandoned");
        Assert.Equal((499, "client_closed_request", "users"), (abandoned.Status, abandoned.Error, abandoned.Route));
    }

    [Fact]
    public async Task Health_checks_are_not_recorded()
    {
        await gateway.ListenAsync();
        using var client = gateway.SignedIn();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/alive")).StatusCode);
        await client.GetAsync("/api/users/afterhealth");
        await gateway.RecordedAsync("/api/users/afterhealth");
        Assert.Equal(0, gateway.CountRecorded("/health") + gateway.CountRecorded("/alive"));
    }

    [Fact]
    public async Task Metrics_are_for_who_may_read_figures()
    {
        using var anonymous = gateway.Anonymous();
        using var stranger = gateway.ClientFor(Guid.CreateVersion7(), "stranger", Permissions.McpToolsCall);
        using var reader = gateway.ClientFor(Guid.CreateVersion7(), "prometheus", Permissions.AnalyticsRead);
        await reader.GetAsync("/api/users/measured");

        await (await anonymous.GetAsync("/metrics")).ProblemAsync(HttpStatusCode.Unauthorized);
        await (await stranger.GetAsync("/metrics")).ProblemAsync(HttpStatusCode.Forbidden);
        Assert.Contains("http_server_request_duration_seconds_count", await reader.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_broker_requests_go_on_and_their_events_arrive_when_it_is_back()
    {
        await gateway.ListenAsync();
        var broker = new Uri(servers.RabbitMq);
        await using var relay = new Relay(broker.Host, broker.Port);
        var address = new UriBuilder(broker) { Host = "127.0.0.1", Port = relay.Port }.Uri.AbsoluteUri;
        await using var own = await GatewayApplication.StartAsync(servers, ("ConnectionStrings:rabbitmq", address));
        using var client = own.SignedIn();
        await (await client.GetAsync("/api/users/before")).EchoAsync();
        await gateway.RecordedAsync("/api/users/before", within: TimeSpan.FromSeconds(20));

        relay.Cut();
        for (var request = 0; request < 20; request++)
        {
            await (await client.GetAsync($"/api/users/during{request}")).EchoAsync().WaitAsync(TimeSpan.FromSeconds(1));
        }

        using (var health = await client.GetAsync("/health"))
        {
            Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        }

        relay.Restore();
        for (var request = 0; request < 20; request++)
        {
            await gateway.RecordedAsync($"/api/users/during{request}", within: TimeSpan.FromSeconds(30));
        }
    }
}
