using System.Net;
using System.Net.Sockets;
using System.Text;
using McpPlatform.Gateway.Routing;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;

namespace McpPlatform.Gateway.Tests;

[Collection(GatewayTests.Name)]
public sealed class RoutingTests(GatewayApplication gateway)
{
    private IReadOnlyList<RouteConfig> Routes => gateway.Services.GetRequiredService<IProxyConfigProvider>().GetConfig().Routes;

    [Theory]
    [InlineData("/api/auth/me", "authservice")]
    [InlineData("/api/auth/sessions/1", "authservice")]
    [InlineData("/api/users", "userservice")]
    [InlineData("/api/users/me?x=1", "userservice")]
    [InlineData("/api/permissions/roles/admin", "userservice")]
    [InlineData("/api/db/connections/1/query", "userservice")]
    [InlineData("/api/mcp/servers/1/tools/echo/call", "mcpservice")]
    [InlineData("/api/mcp/chat", "mcpservice")]
    [InlineData("/api/test/runs/1", "mcpservice")]
    [InlineData("/mcp", "mcpservice")]
    [InlineData("/mcp/team", "mcpservice")]
    [InlineData("/api/analytics/summary", "analyticsservice")]
    [InlineData("/api/analytics/live", "analyticsservice")]
    public async Task Path_reaches_its_service_with_a_token_and_401_without(string path, string service)
    {
        using var client = gateway.SignedIn();
        using var anonymous = gateway.Anonymous();

        var echo = await (await client.GetAsync(path)).EchoAsync();
        Assert.Equal(service, echo["service"]!.GetValue<string>());
        Assert.Equal(path, echo["path"]!.GetValue<string>());
        await (await anonymous.GetAsync(path)).ProblemAsync(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("POST", "/api/login", "authservice")]
    [InlineData("POST", "/api/auth/login", "authservice")]
    [InlineData("POST", "/api/auth/refresh", "authservice")]
    [InlineData("POST", "/api/auth/bootstrap", "authservice")]
    [InlineData("POST", "/connect/token", "authservice")]
    [InlineData("GET", "/connect/authorize?client_id=x", "authservice")]
    [InlineData("GET", "/.well-known/jwks.json", "authservice")]
    [InlineData("GET", "/.well-known/openid-configuration", "authservice")]
    [InlineData("GET", "/.well-known/oauth-authorization-server", "authservice")]
    [InlineData("GET", "/.well-known/oauth-authorization-server/x", "authservice")]
    [InlineData("GET", "/.well-known/oauth-protected-resource", "mcpservice")]
    [InlineData("GET", "/api/mcp/oauth/callback?state=x", "mcpservice")]
    [InlineData("GET", "/.well-known/oauth-protected-resource/mcp/team", "mcpservice")]
    public async Task Anonymous_path_reaches_its_service(string method, string path, string service)
    {
        using var client = gateway.Anonymous();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        var echo = await (await client.SendAsync(request)).EchoAsync();
        Assert.Equal(service, echo["service"]!.GetValue<string>());
        Assert.Equal(method, echo["method"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/internal/accounts")]
    [InlineData("/api")]
    [InlineData("/api/other")]
    [InlineData("/mcp/team/more")]
    [InlineData("/health/%2e%2e/api/other")]
    public async Task Unknown_path_is_401_without_and_404_with_a_token(string path)
    {
        using var client = gateway.SignedIn();
        using var anonymous = gateway.Anonymous();
        await (await anonymous.GetAsync(path)).ProblemAsync(HttpStatusCode.Unauthorized);
        await (await client.GetAsync(path)).ProblemAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public void Every_route_says_who_may_use_it()
    {
        Assert.NotEmpty(Routes);
        Assert.All(Routes, route => Assert.Contains(route.AuthorizationPolicy, (string[])["default", "anonymous"]));
        Assert.Equal(
            ["auth-bootstrap", "auth-login", "auth-refresh", "connect", "connect-login", "jwks", "login", "mcp-oauth", "oauth-authorization-server", "oauth-protected-resource", "openid-configuration"],
            Routes.Where(RouteRules.IsAnonymous).Select(route => route.RouteId).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("TRACE")]
    [InlineData("CONNECT")]
    public async Task Tunnels_and_traces_are_not_allowed(string method)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"{method} /api/users/me HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {gateway.Issuer.CreateToken(Guid.CreateVersion7(), "alice")}\r\nConnection: close\r\n\r\n"));

        using var reader = new StreamReader(stream, Encoding.ASCII);
        var answer = await reader.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 405 ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Bearer", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void No_route_leads_to_what_services_keep_among_themselves() =>
        Assert.DoesNotContain(Routes, route => route.Match.Path!.Contains("internal", StringComparison.OrdinalIgnoreCase));

    [Theory]
    [InlineData(null, null, "/api/new", "AuthorizationPolicy")]
    [InlineData("anonymous", null, "/api/new", "reason")]
    [InlineData("default", null, "/internal/accounts", "internal")]
    public async Task Route_without_a_decision_is_refused(string? policy, string? reason, string path, string says)
    {
        var route = new RouteConfig
        {
            RouteId = "new",
            AuthorizationPolicy = policy,
            Match = new RouteMatch { Path = path },
            Metadata = reason is null ? null : new Dictionary<string, string>(StringComparer.Ordinal) { [RouteRules.AnonymousBecause] = reason },
        };
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(async () => await new RouteRules().ConfigureRouteAsync(route, null, CancellationToken.None));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Streams_have_no_timeout_and_everything_else_has_one()
    {
        var clusters = gateway.Services.GetRequiredService<IProxyConfigProvider>().GetConfig().Clusters;
        Assert.All(clusters, cluster => Assert.Equal(
            cluster.ClusterId.EndsWith("-streams", StringComparison.Ordinal) ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(100),
            cluster.HttpRequest!.ActivityTimeout));
        Assert.Equal(
            ["analytics-live", "mcp", "mcp-chat", "test-runs-live"],
            Routes.Where(route => route.ClusterId!.EndsWith("-streams", StringComparison.Ordinal)).Select(route => route.RouteId).Order(StringComparer.Ordinal));
    }
}
