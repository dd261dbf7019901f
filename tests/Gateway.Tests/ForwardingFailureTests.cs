using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace McpPlatform.Gateway.Tests;

[Collection(GatewayTests.Name)]
public sealed class ForwardingFailureTests(GatewayApplication gateway)
{
    [Fact]
    public async Task Service_that_is_down_is_named_in_a_503_and_the_others_work()
    {
        await using var own = await GatewayApplication.StartAsync(gateway.Servers, ("services:userservice:http:0", "http://127.0.0.1:9"));
        using var client = own.SignedIn();
        using var response = await client.GetAsync("/api/users/me");
        Assert.Contains("userservice", await response.ProblemAsync(HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        await (await client.GetAsync("/api/analytics/summary")).EchoAsync();

        using var health = await client.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        var report = await health.Content.ReadAsStringAsync();
        Assert.Contains("\"status\":\"degraded\"", report, StringComparison.Ordinal);
        Assert.Contains("\"userservice\":\"degraded\"", report, StringComparison.Ordinal);
        Assert.Contains("\"authservice\":\"healthy\"", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Service_that_breaks_off_before_it_answers_is_502()
    {
        await gateway.ListenAsync();
        gateway.Backends["userservice"].Answer("/api/users/broken", AbortAsync);
        using var client = gateway.SignedIn();
        Assert.Contains("userservice", await (await client.GetAsync("/api/users/broken")).ProblemAsync(HttpStatusCode.BadGateway), StringComparison.Ordinal);
        var recorded = await gateway.RecordedAsync("/api/users/broken");
        Assert.Equal((502, "request"), (recorded.Status, recorded.Error));
    }

    [Fact]
    public async Task Service_that_breaks_off_its_answer_is_no_fault_of_the_client()
    {
        await gateway.ListenAsync();
        gateway.Backends["userservice"].Answer("/api/users/half", async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            await Task.Delay(100);
            context.Abort();
        });
        using var client = gateway.SignedIn();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync("/api/users/half"));
        var recorded = await gateway.RecordedAsync("/api/users/half");
        Assert.Equal((200, "response_body_destination"), (recorded.Status, recorded.Error));
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.Conflict)]
    [InlineData(HttpStatusCode.InternalServerError)]
    public async Task Answer_of_a_service_passes_as_it_is(HttpStatusCode status)
    {
        var path = $"/api/users/{(int)status}";
        using var answer = gateway.Backends["userservice"].Answer(path, async context =>
        {
            context.Response.StatusCode = (int)status;
            context.Response.ContentType = "application/problem+json";
            await context.Response.WriteAsync("{\"detail\":\"own words\"}");
        });
        using var client = gateway.SignedIn();
        using var response = await client.GetAsync(path);
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("{\"detail\":\"own words\"}", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Body_that_the_client_breaks_off_is_recorded_as_such()
    {
        await gateway.ListenAsync();
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
            var token = gateway.Issuer.CreateToken(Guid.CreateVersion7(), "alice");
            var head = $"POST /api/users/brokenoff HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\r\n{{";
            await socket.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(head));
            await Task.Delay(200);
        }

        var recorded = await gateway.RecordedAsync("/api/users/brokenoff");
        Assert.Equal(499, recorded.Status);
    }

    private static Task AbortAsync(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }
}
