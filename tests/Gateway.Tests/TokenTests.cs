using System.Diagnostics;
using System.Net;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.Gateway.Tests;

[Collection(GatewayTests.Name)]
public sealed class TokenTests(GatewayApplication gateway, PlatformServers servers)
{
    public static TheoryData<string> Forgeries => [.. ForgedTokens.Names];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Forged_token_is_401(string forgery)
    {
        using var client = gateway.Anonymous();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + ForgedTokens.Make(gateway.Issuer, forgery));
        using var response = await client.GetAsync("/api/users/me");
        await response.ProblemAsync(HttpStatusCode.Unauthorized);
        Assert.StartsWith("Bearer", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_that_the_forged_ones_are_made_of_is_accepted()
    {
        using var client = gateway.WithToken(ForgedTokens.Good(gateway.Issuer));
        await (await client.GetAsync("/api/users/me")).EchoAsync();
    }

    [Theory]
    [InlineData("/api/users/me", TestIssuer.Audience, HttpStatusCode.OK)]
    [InlineData("/api/users/me", "http://platform.test/mcp", HttpStatusCode.Unauthorized)]
    [InlineData("/api/mcp/servers", "http://platform.test/mcp", HttpStatusCode.Unauthorized)]
    [InlineData("/mcp", "http://platform.test/mcp", HttpStatusCode.OK)]
    [InlineData("/mcp/", "http://platform.test/mcp", HttpStatusCode.OK)]
    [InlineData("/MCP", "http://platform.test/mcp", HttpStatusCode.OK)]
    [InlineData("/mcp/tools", "http://platform.test/mcp", HttpStatusCode.OK)]
    [InlineData("/mcp", TestIssuer.Audience, HttpStatusCode.Unauthorized)]
    [InlineData("/mcp/tools", TestIssuer.Audience, HttpStatusCode.Unauthorized)]
    [InlineData("/mcp/tools", "http://platform.test/mcp/tools", HttpStatusCode.OK)]
    [InlineData("/mcp/tools", "http://platform.test/mcp/other", HttpStatusCode.Unauthorized)]
    [InlineData("/mcp/tools", "http://platform.test/mcp/TOOLS", HttpStatusCode.Unauthorized)]
    [InlineData("/mcp", "http://platform.test/mcp/tools", HttpStatusCode.Unauthorized)]
    [InlineData("/mcp", "http://platform.test/mcpx", HttpStatusCode.Unauthorized)]
    [InlineData("/api/users/me", "http://platform.test/mcp/tools", HttpStatusCode.Unauthorized)]
    public async Task A_token_opens_what_it_is_for_and_nothing_else(string path, string audience, HttpStatusCode expected)
    {
        var description = gateway.Issuer.Describe(Guid.CreateVersion7(), "alice");
        description.Audiences.Clear();
        description.Audiences.Add(audience);
        using var client = gateway.WithToken(TestIssuer.CreateToken(description));

        using var response = await client.GetAsync(path);

        Assert.Equal(expected, response.StatusCode);
        using var again = await client.GetAsync(path);
        Assert.Equal(expected, again.StatusCode);
    }

    [Fact]
    public async Task Token_expired_within_the_clock_skew_is_accepted()
    {
        var descriptor = gateway.Issuer.Describe(Guid.CreateVersion7(), "alice");
        (descriptor.IssuedAt, descriptor.NotBefore, descriptor.Expires) = (DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddSeconds(-10));
        using var client = gateway.WithToken(TestIssuer.CreateToken(descriptor));
        await (await client.GetAsync("/api/users/me")).EchoAsync();
    }

    [Fact]
    public async Task Revoked_session_is_401_at_once_and_another_session_is_not()
    {
        var user = Guid.CreateVersion7();
        var revoked = gateway.Issuer.Describe(user, "alice");
        var session = revoked.Subject.FindFirst(PlatformClaims.SessionId)!.Value;
        using var first = gateway.WithToken(TestIssuer.CreateToken(revoked));
        using var second = gateway.ClientFor(user);
        await (await first.GetAsync("/api/users/me")).EchoAsync();

        await gateway.Services.GetRequiredService<RevocationList>().RevokeSessionAsync(session, TimeSpan.FromMinutes(10));

        await (await first.GetAsync("/api/users/me")).ProblemAsync(HttpStatusCode.Unauthorized);
        await (await second.GetAsync("/api/users/me")).EchoAsync();
    }

    [Fact]
    public async Task Without_redis_and_AuthService_a_token_is_neither_believed_nor_refused()
    {
        await using var redis = await ThrowAwayRedis.StartAsync();
        await using var own = await GatewayApplication.StartAsync(servers, ("ConnectionStrings:redis", redis.ConnectionString));
        using var client = own.SignedIn();
        using var anonymous = own.Anonymous();
        await (await client.GetAsync("/api/users/me")).EchoAsync();
        Assert.Equal(HttpStatusCode.OK, (await anonymous.GetAsync("/health")).StatusCode);

        own.Issuer.KnowsRevocations = false;
        await redis.StopAsync();
        await Task.Delay(TimeSpan.FromSeconds(1.1));

        using var response = await client.GetAsync("/api/users/me");
        await response.ProblemAsync(HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(response.Headers.RetryAfter);
        await (await client.PostAsync("/api/login", null)).EchoAsync();
        using var health = await anonymous.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Contains("\"redis\":\"unhealthy\"", await health.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await anonymous.GetAsync("/alive")).StatusCode);
    }

    [Fact]
    public async Task Without_the_keys_a_token_is_503_and_login_still_works()
    {
        await using var own = await GatewayApplication.StartAsync(servers, ("Authentication:JwksAddress", "http://127.0.0.1:9/jwks"));
        using var client = own.SignedIn();
        var watch = Stopwatch.StartNew();
        await (await client.GetAsync("/api/users/me")).ProblemAsync(HttpStatusCode.ServiceUnavailable);
        await (await client.PostAsync("/api/login", null)).EchoAsync();
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
    }
}
