using System.Net;
using System.Text.Json.Nodes;

namespace McpPlatform.Gateway.Tests;

[Collection(GatewayTests.Name)]
public sealed class HeaderTests(GatewayApplication gateway)
{
    [Theory]
    [InlineData("X-User-Id")]
    [InlineData("X-User-Role")]
    [InlineData("X-USER-PERMISSIONS")]
    [InlineData("X-Mcp-User")]
    [InlineData("X-Mcp-Session-Owner")]
    [InlineData("X-Forwarded-User")]
    [InlineData("X-Forwarded-Email")]
    [InlineData("X-Forwarded-Prefix")]
    [InlineData("X-Gateway-Secret")]
    [InlineData("X-Real-IP")]
    [InlineData("X-Original-URL")]
    [InlineData("X-Original-For")]
    [InlineData("X-Rewrite-URL")]
    [InlineData("X-Http-Method-Override")]
    [InlineData("X-Http-Method")]
    [InlineData("X-Method-Override")]
    [InlineData("Forwarded")]
    public async Task Forged_header_does_not_reach_a_service(string header)
    {
        var headers = await HeadersAtServiceAsync("/api/users/me", header, "forged");
        Assert.DoesNotContain(header.ToLowerInvariant(), headers.Select(entry => entry.Key));
        Assert.DoesNotContain("forged", headers.ToJsonString(), StringComparison.Ordinal);

        using var anonymous = gateway.Anonymous();
        using var login = new HttpRequestMessage(HttpMethod.Post, "/api/login");
        login.Headers.TryAddWithoutValidation(header, "forged");
        var echo = await (await anonymous.SendAsync(login)).EchoAsync();
        Assert.DoesNotContain("forged", echo.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Proto", "http")]
    [InlineData("X-Forwarded-Host", null)]
    public async Task Hop_header_says_what_the_gateway_saw(string header, string? expected)
    {
        var headers = await HeadersAtServiceAsync("/api/users/me", header, "6.6.6.6");
        Assert.Equal(expected ?? gateway.Address.Authority, headers[header.ToLowerInvariant()]!.GetValue<string>());
    }

    [Theory]
    [InlineData(null, null, "127.0.0.1")]
    [InlineData(null, "true", "127.0.0.1")]
    [InlineData("10.0.0.0/8", "true", "127.0.0.1")]
    [InlineData("127.0.0.1", null, "203.0.113.7")]
    [InlineData("127.0.0.1, 203.0.113.0/24", null, "6.6.6.6")]
    public async Task A_client_is_who_a_proxy_of_the_operator_says_and_never_who_it_says_itself(string? proxies, string? deployed, string expected)
    {
        await using var own = await GatewayApplication.StartAsync(gateway.Servers, ("ForwardedHeaders:KnownProxies", proxies), ("FORWARDEDHEADERS_ENABLED", deployed));
        using var client = own.SignedIn();
        client.DefaultRequestHeaders.Add("X-Forwarded-For", "127.0.0.1, 6.6.6.6, 203.0.113.7");

        var echo = await (await client.GetAsync("/api/users/me")).EchoAsync();

        Assert.Equal(expected, echo["headers"]!["x-forwarded-for"]!.GetValue<string>());
    }

    [Fact]
    public async Task Whoever_chooses_an_address_is_counted_under_the_true_one()
    {
        await using var redis = await TestSupport.ThrowAwayRedis.StartAsync();
        await using var own = await GatewayApplication.StartAsync(
            gateway.Servers, ("ConnectionStrings:redis", redis.ConnectionString), ("FORWARDEDHEADERS_ENABLED", "true"), ("RateLimits:LoginsPerAddressPerMinute", "5"));
        HashSet<HttpStatusCode> answers = [];
        for (var i = 0; i < 10; i++)
        {
            using var client = own.Anonymous();
            client.DefaultRequestHeaders.Add("X-Forwarded-For", $"6.6.6.{i}");
            using var answer = await client.PostAsync("/api/login", null);
            answers.Add(answer.StatusCode);
        }

        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
    }

    [Theory]
    [InlineData("Mcp-Session-Id")]
    [InlineData("MCP-Protocol-Version")]
    [InlineData("Mcp-Method")]
    [InlineData("Mcp-Name")]
    [InlineData("Last-Event-ID")]
    public async Task Header_of_the_protocol_reaches_the_service(string header)
    {
        var headers = await HeadersAtServiceAsync("/mcp", header, "kept");
        Assert.Equal("kept", headers[header.ToLowerInvariant()]!.GetValue<string>());
    }

    [Fact]
    public async Task Token_and_trace_are_passed_on()
    {
        var headers = await HeadersAtServiceAsync("/api/users/me", "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        Assert.StartsWith("Bearer ey", headers["authorization"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", headers["traceparent"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/users/me", HttpStatusCode.OK)]
    [InlineData("/api/analytics/summary", HttpStatusCode.OK)]
    [InlineData("/api/nothing", HttpStatusCode.NotFound)]
    [InlineData("/health", HttpStatusCode.OK)]
    [InlineData("/openapi/v1.json", HttpStatusCode.OK)]
    public async Task Every_answer_carries_the_security_headers(string path, HttpStatusCode status)
    {
        using var client = gateway.SignedIn();
        using var response = await client.GetAsync(path);
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("nosniff", Header(response, "X-Content-Type-Options"));
        Assert.Equal("no-referrer", Header(response, "Referrer-Policy"));
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", Header(response, "Content-Security-Policy"));
        Assert.Contains("no-store", Header(response, "Cache-Control"), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Policy_of_a_services_own_page_stands_and_its_server_header_does_not()
    {
        gateway.Backends["authservice"].Answer("/connect/page", context =>
        {
            context.Response.Headers.ContentSecurityPolicy = "default-src 'self'";
            context.Response.Headers.CacheControl = "private";
            context.Response.Headers["Server"] = "kestrel";
            return Task.CompletedTask;
        });
        using var client = gateway.Anonymous();
        using var response = await client.GetAsync("/connect/page");
        Assert.Equal("default-src 'self'", Header(response, "Content-Security-Policy"));
        Assert.Equal("private", Header(response, "Cache-Control"));
        Assert.False(response.Headers.Contains("Server"));
    }

    private static string Header(HttpResponseMessage response, string name) => string.Join(", ", response.Headers.GetValues(name));

    private async Task<JsonObject> HeadersAtServiceAsync(string path, string header, string value)
    {
        using var client = gateway.SignedIn();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation(header, value);
        var echo = await (await client.SendAsync(request)).EchoAsync();
        return echo["headers"]!.AsObject();
    }
}
