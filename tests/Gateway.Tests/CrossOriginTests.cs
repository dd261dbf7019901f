using System.Diagnostics;
using System.Net;
using McpPlatform.Gateway.Edge;

namespace McpPlatform.Gateway.Tests;

[Collection(GatewayTests.Name)]
public sealed class CrossOriginTests(GatewayApplication gateway)
{
    [Theory]
    [InlineData(GatewayApplication.TrustedOrigin, true)]
    [InlineData("https://evil.example.com", false)]
    [InlineData("http://console.example.com", false)]
    [InlineData("https://console.example.com.evil.example", false)]
    [InlineData("null", false)]
    public async Task Preflight_is_granted_to_exact_origins_only(string origin, bool granted)
    {
        using var client = gateway.Anonymous();
        using var request = new HttpRequestMessage(HttpMethod.Options, "/api/users");
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "PATCH");
        request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
        using var response = await client.SendAsync(request);
        Assert.Equal(granted ? [origin] : [], Values(response, "Access-Control-Allow-Origin"));
        Assert.Empty(Values(response, "Access-Control-Allow-Credentials"));
    }

    [Theory]
    [InlineData(GatewayApplication.TrustedOrigin, "/api/users", true)]
    [InlineData(GatewayApplication.TrustedOrigin, "/api/nothing", true)]
    [InlineData("https://evil.example.com", "/api/users", false)]
    public async Task Answer_and_error_alike_can_be_read_by_a_trusted_origin(string origin, string path, bool granted)
    {
        using var client = gateway.SignedIn();
        client.DefaultRequestHeaders.Add("Origin", origin);
        using var response = await client.GetAsync(path);
        Assert.Equal(granted ? [origin] : [], Values(response, "Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("https://evil.example.com", "/mcp", "POST", HttpStatusCode.Forbidden)]
    [InlineData("https://evil.example.com", "/mcp", "GET", HttpStatusCode.Forbidden)]
    [InlineData("https://evil.example.com", "/mcp/team", "DELETE", HttpStatusCode.Forbidden)]
    [InlineData("https://evil.example.com", "/MCP/team", "OPTIONS", HttpStatusCode.Forbidden)]
    [InlineData("null", "/mcp", "POST", HttpStatusCode.Forbidden)]
    [InlineData(GatewayApplication.TrustedOrigin, "/mcp", "POST", HttpStatusCode.OK)]
    [InlineData("http://platform.test", "/mcp", "POST", HttpStatusCode.OK)]
    [InlineData(null, "/mcp", "POST", HttpStatusCode.OK)]
    public async Task Mcp_refuses_a_foreign_origin(string? origin, string path, string method, HttpStatusCode status)
    {
        using var client = gateway.SignedIn();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("Origin", origin is null ? [] : [origin]);
        using var response = await client.SendAsync(request);
        Assert.Equal(status, response.StatusCode);
    }

    [Theory]
    [InlineData("/mcp", null, "Bearer resource_metadata=\"http://platform.test/.well-known/oauth-protected-resource/mcp\", scope=\"mcp.tools.call\"")]
    [InlineData("/mcp/team", null, "Bearer resource_metadata=\"http://platform.test/.well-known/oauth-protected-resource/mcp/team\"")]
    [InlineData("/mcp", "Bearer ey.ey.x", "resource_metadata=\"http://platform.test/.well-known/oauth-protected-resource/mcp\"")]
    public async Task Mcp_tells_with_a_401_where_to_log_in(string path, string? authorization, string says)
    {
        using var client = gateway.Anonymous();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        using var response = await client.PostAsync(path, null);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains(says, string.Join(", ", response.Headers.GetValues("WWW-Authenticate")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://*.example.com")]
    [InlineData("https://a.example/path")]
    [InlineData("https://a.example/")]
    [InlineData("a.example")]
    [InlineData("null")]
    [InlineData("ftp://a.example")]
    [InlineData("https://user@a.example")]
    [InlineData("https://good.example, bad")]
    public void Origin_that_is_not_exact_is_refused(string origins)
    {
        var result = new CrossOriginOptionsValidator().Validate(null, new CrossOriginOptions { Origins = origins });
        Assert.Contains("CORS_ORIGINS", Assert.Single(result.Failures!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://localhost:5173")]
    [InlineData("https://a.example, https://b.example:8443 ,")]
    public void Exact_origins_are_accepted(string origins) =>
        Assert.True(new CrossOriginOptionsValidator().Validate(null, new CrossOriginOptions { Origins = origins }).Succeeded);

    [Fact]
    public async Task Star_stops_the_gateway_with_one_sentence()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(GatewaySetup).Assembly.Location])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            Environment =
            {
                ["CORS_ORIGINS"] = "*",
                ["Authentication__Issuer"] = "http://platform.test",
                ["ConnectionStrings__redis"] = gateway.Servers.Redis,
                ["ConnectionStrings__rabbitmq"] = gateway.Servers.RabbitMq,
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            },
        };
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var said = await process.StandardError.ReadToEndAsync(patience.Token);
        await output;
        await process.WaitForExitAsync(patience.Token);
        Assert.Equal(1, process.ExitCode);
        Assert.Equal("CORS_ORIGINS contains '*', which would let every web page in: name each origin, such as https://console.example.com.", said.Trim());
    }

    private static string[] Values(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? [.. values] : [];
}
