using System.Net;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.Gateway.Tests;

[Collection(GatewayTests.Name)]
public sealed class StreamingTests(GatewayApplication gateway)
{
    [Theory]
    [InlineData("/mcp/stream", "mcpservice")]
    [InlineData("/api/mcp/chat", "mcpservice")]
    [InlineData("/api/analytics/live", "analyticsservice")]
    [InlineData("/api/analytics/export", "analyticsservice")]
    public async Task Event_arrives_before_the_next_is_sent(string path, string service)
    {
        await gateway.ListenAsync();
        using var next = new SemaphoreSlim(0);
        using var answer = gateway.Backends[service].Answer(path, async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var number = 1; number <= 3; number++)
            {
                await context.Response.WriteAsync($"data: {number}\n\n");
                await context.Response.Body.FlushAsync();
                await next.WaitAsync(context.RequestAborted);
            }
        });
        var user = Guid.CreateVersion7();
        using var client = gateway.ClientFor(user);
        using var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var number = 1; number <= 3; number++)
        {
            Assert.Equal($"data: {number}", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(5)));
            Assert.Equal(string.Empty, await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(5)));
            Assert.Equal(0, gateway.CountRecorded(path, user));
            next.Release();
        }

        Assert.Null(await reader.ReadLineAsync());
        var recorded = await gateway.RecordedAsync(path, user);
        Assert.Equal(200, recorded.Status);
        Assert.Equal(27, recorded.ResponseBytes);
        Assert.Null(recorded.Error);
    }

    [Fact]
    public async Task Stream_outlives_the_timeout_that_other_requests_have()
    {
        await using var own = await GatewayApplication.StartAsync(gateway.Servers, ("ReverseProxy:Clusters:mcpservice:HttpRequest:ActivityTimeout", "00:00:00.3"));
        own.Backends["mcpservice"].Answer("/mcp", SlowAsync);
        own.Backends["mcpservice"].Answer("/api/mcp/servers", SlowAsync);
        own.Backends["mcpservice"].Answer("/api/test/runs/1", SlowAsync);
        using var client = own.SignedIn();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/mcp")).StatusCode);
        Assert.Contains("mcpservice", await (await client.GetAsync("/api/mcp/servers")).ProblemAsync(HttpStatusCode.GatewayTimeout), StringComparison.Ordinal);

        await (await client.GetAsync("/api/test/runs/1")).ProblemAsync(HttpStatusCode.GatewayTimeout);
        client.DefaultRequestHeaders.Add("Accept", "text/event-stream");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/test/runs/1")).StatusCode);
    }

    [Fact]
    public async Task Client_that_leaves_ends_the_stream_at_the_service()
    {
        await gateway.ListenAsync();
        var left = new TaskCompletionSource();
        gateway.Backends["mcpservice"].Answer("/mcp/left", async context =>
        {
            await context.Response.WriteAsync("data: 1\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => left.TrySetResult(), TaskScheduler.Default);
        });
        using var client = gateway.SignedIn();
        using (await client.GetAsync("/mcp/left", HttpCompletionOption.ResponseHeadersRead))
        {
        }

        await left.Task.WaitAsync(TimeSpan.FromSeconds(5));
        var recorded = await gateway.RecordedAsync("/mcp/left");
        Assert.Equal((499, "client_closed_request"), (recorded.Status, recorded.Error));
    }

    [Fact]
    public async Task Stream_ends_soon_after_its_token_is_revoked_and_another_goes_on()
    {
        var ended = new TaskCompletionSource<string>();
        using var answer = gateway.Backends["mcpservice"].Answer("/mcp/revoked", async context =>
        {
            await context.Response.WriteAsync("data: 1\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => ended.TrySetResult(context.Request.Query["of"]!), TaskScheduler.Default);
        });
        var user = Guid.CreateVersion7();
        var description = gateway.Issuer.Describe(user, "alice");
        using var client = gateway.WithToken(TestIssuer.CreateToken(description));
        using var other = gateway.ClientFor(user);
        using var kept = await other.GetAsync("/mcp/revoked?of=other", HttpCompletionOption.ResponseHeadersRead);
        using var response = await client.GetAsync("/mcp/revoked?of=revoked", HttpCompletionOption.ResponseHeadersRead);
        var read = response.Content.ReadAsStringAsync();
        await Task.Delay(TimeSpan.FromSeconds(0.6));

        await gateway.Services.GetRequiredService<RevocationList>().RevokeSessionAsync(description.Subject.FindFirst(PlatformClaims.SessionId)!.Value, TimeSpan.FromMinutes(10));

        Assert.Equal("revoked", await ended.Task.WaitAsync(TimeSpan.FromSeconds(5)));
        await Assert.ThrowsAnyAsync<Exception>(() => read.WaitAsync(TimeSpan.FromSeconds(5)));
        var recorded = await gateway.RecordedAsync("/mcp/revoked", user);
        Assert.Equal((499, "token_revoked"), (recorded.Status, recorded.Error));
        using var reader = new StreamReader(await kept.Content.ReadAsStreamAsync());
        Assert.Equal("data: 1", await reader.ReadLineAsync());
        await Assert.ThrowsAsync<TimeoutException>(() => reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(3)));
    }

    private static Task SlowAsync(HttpContext context) => Task.Delay(TimeSpan.FromSeconds(1.2), context.RequestAborted);
}
