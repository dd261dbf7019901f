using System.Net;
using System.Net.Http.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.TestSupport;
using Microsoft.AspNetCore.Http;

namespace McpPlatform.Gateway.Tests;

/// <summary>API keys at the edge. AuthService is played by a backend that answers as it does; the true one is met in the end-to-end tests.</summary>
[Collection(GatewayTests.Name)]
public sealed class ApiKeyTests(PlatformServers servers, GatewayApplication gateway)
{
    [Theory]
    [InlineData("Authorization", "Bearer ")]
    [InlineData("X-API-Key", "")]
    public async Task A_key_is_exchanged_once_and_the_service_sees_the_token_alone(string header, string scheme)
    {
        var (key, _) = ApiKeyFormat.Create();
        var user = Guid.CreateVersion7();
        var exchange = new Exchange(key, gateway.Issuer.CreateToken(user, "alice"));
        using var authService = gateway.Backends["authservice"].Answer("/connect/token", exchange.AnswerAsync);
        using var client = gateway.Anonymous();
        client.DefaultRequestHeaders.Add(header, scheme + key);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => client.GetStringAsync("/api/users/me")));

        Assert.All(answers, answer => Assert.DoesNotContain("mcpp_", answer, StringComparison.Ordinal));
        Assert.All(answers, answer => Assert.Contains("Bearer eyJ", answer, StringComparison.Ordinal));
        Assert.Equal(1, exchange.Count);
    }

    [Theory]
    [InlineData("mcpp_")]
    [InlineData("mcpp_0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAxxxxxx")]
    public async Task What_is_no_key_is_401_and_nobody_is_asked(string text)
    {
        var exchange = new Exchange("none", "none");
        using var authService = gateway.Backends["authservice"].Answer("/connect/token", exchange.AnswerAsync);
        using var client = gateway.Anonymous();
        client.DefaultRequestHeaders.Add("X-API-Key", text);

        using var response = await client.GetAsync("/api/users/me");

        await response.ProblemAsync(HttpStatusCode.Unauthorized);
        Assert.Contains("invalid_token", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, exchange.Count);
    }

    [Fact]
    public async Task A_key_that_AuthService_refuses_is_401_also_on_a_path_that_needs_none()
    {
        using var authService = gateway.Backends["authservice"].Answer("/connect/token", new Exchange("another", "none").AnswerAsync);
        using var client = gateway.Anonymous();
        client.DefaultRequestHeaders.Add("X-API-Key", ApiKeyFormat.Create().Key);

        await (await client.GetAsync("/api/users/me")).ProblemAsync(HttpStatusCode.Unauthorized);
        await (await client.PostAsync("/api/login", null)).ProblemAsync(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Two_credentials_are_one_too_many()
    {
        using var client = gateway.SignedIn();
        client.DefaultRequestHeaders.Add("X-API-Key", ApiKeyFormat.Create().Key);

        await (await client.GetAsync("/api/users/me")).ProblemAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Without_AuthService_a_new_key_is_503_and_one_in_use_goes_on()
    {
        var (known, _) = ApiKeyFormat.Create();
        using var client = gateway.Anonymous();
        client.DefaultRequestHeaders.Add("X-API-Key", known);
        using (gateway.Backends["authservice"].Answer("/connect/token", new Exchange(known, gateway.Issuer.CreateToken(Guid.CreateVersion7(), "alice")).AnswerAsync))
        {
            await (await client.GetAsync("/api/users/me")).EchoAsync();
        }

        using var broken = gateway.Backends["authservice"].Answer("/connect/token", context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        using var other = gateway.Anonymous();
        other.DefaultRequestHeaders.Add("X-API-Key", ApiKeyFormat.Create().Key);

        await (await client.GetAsync("/api/users/me")).EchoAsync();
        using var unknown = await other.GetAsync("/api/users/me");
        await unknown.ProblemAsync(HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(unknown.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_token_that_is_not_taken_is_exchanged_anew_the_next_time()
    {
        var (key, _) = ApiKeyFormat.Create();
        var exchange = new Exchange(key, "no.token.atall");
        using var authService = gateway.Backends["authservice"].Answer("/connect/token", exchange.AnswerAsync);
        using var client = gateway.Anonymous();
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        await (await client.GetAsync("/api/users/me")).ProblemAsync(HttpStatusCode.Unauthorized);

        exchange.Token = gateway.Issuer.CreateToken(Guid.CreateVersion7(), "alice");

        await (await client.GetAsync("/api/users/me")).EchoAsync();
    }

    [Fact]
    public async Task Guessing_is_counted_by_address()
    {
        await using var redis = await ThrowAwayRedis.StartAsync();
        await using var own = await GatewayApplication.StartAsync(servers, ("ConnectionStrings:redis", redis.ConnectionString), ("RateLimits:LoginsPerAddressPerMinute", "3"));
        using var authService = own.Backends["authservice"].Answer("/connect/token", new Exchange("another", "none").AnswerAsync);
        for (var guess = 0; guess < 4; guess++)
        {
            using var client = own.Anonymous();
            client.DefaultRequestHeaders.Add("X-API-Key", ApiKeyFormat.Create().Key);
            using var response = await client.GetAsync("/api/users/me");
            Assert.Equal(guess < 3 ? HttpStatusCode.Unauthorized : HttpStatusCode.TooManyRequests, response.StatusCode);
        }
    }

    private sealed class Exchange(string key, string token)
    {
        private int count;

        public int Count => count;

        public string Token { get; set; } = token;

        public async Task AnswerAsync(HttpContext context)
        {
            Interlocked.Increment(ref count);
            var form = await context.Request.ReadFormAsync();
            var isRight = form["subject_token"] == key && form["subject_token_type"] == ApiKeyFormat.TokenType && form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange"
                && form["client_id"] == "gateway" && form["client_secret"] == GatewayApplication.ClientSecret;
            context.Response.StatusCode = isRight ? 200 : 400;
            await context.Response.WriteAsJsonAsync(isRight ? new { access_token = Token, expires_in = 300 } : (object)new { error = "invalid_grant" });
        }
    }
}
