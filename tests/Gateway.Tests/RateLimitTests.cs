using System.Net;
using McpPlatform.TestSupport;

namespace McpPlatform.Gateway.Tests;

public sealed class RateLimitTests(PlatformServers servers)
{
    [Fact]
    public async Task User_over_the_limit_is_429_and_another_user_is_not()
    {
        await using var redis = await ThrowAwayRedis.StartAsync();
        await using var own = await GatewayApplication.StartAsync(servers, ("ConnectionStrings:redis", redis.ConnectionString), ("RateLimits:PerUserPerMinute", "5"));
        var user = Guid.CreateVersion7();
        using var first = own.ClientFor(user);
        using var otherSession = own.ClientFor(user);
        using var other = own.SignedIn();
        for (var request = 0; request < 5; request++)
        {
            await (await (request % 2 == 0 ? first : otherSession).GetAsync("/api/users/me")).EchoAsync();
        }

        using var refused = await otherSession.GetAsync("/api/users/me");
        await refused.ProblemAsync(HttpStatusCode.TooManyRequests);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(12));
        await (await other.GetAsync("/api/users/me")).EchoAsync();
        Assert.Equal(HttpStatusCode.OK, (await first.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task Logins_are_counted_by_address_on_all_their_paths_together()
    {
        await using var redis = await ThrowAwayRedis.StartAsync();
        await using var own = await GatewayApplication.StartAsync(servers, ("ConnectionStrings:redis", redis.ConnectionString), ("RateLimits:LoginsPerAddressPerMinute", "3"));
        using var anonymous = own.Anonymous();
        anonymous.DefaultRequestHeaders.Add("X-Forwarded-For", "6.6.6.6");
        using var user = own.SignedIn();
        await (await anonymous.PostAsync("/api/login", null)).EchoAsync();
        await (await anonymous.PostAsync("/api/auth/login", null)).EchoAsync();
        await (await anonymous.PostAsync("/connect/login", null)).EchoAsync();
        await (await anonymous.PostAsync("/api/login", null)).ProblemAsync(HttpStatusCode.TooManyRequests);
        await (await anonymous.PostAsync("/api/auth/refresh", null)).EchoAsync();
        await (await anonymous.GetAsync("/connect/authorize")).EchoAsync();
        await (await user.GetAsync("/api/users/me")).EchoAsync();
    }

    [Fact]
    public async Task Requests_without_a_token_are_counted_by_address()
    {
        await using var redis = await ThrowAwayRedis.StartAsync();
        await using var own = await GatewayApplication.StartAsync(servers, ("ConnectionStrings:redis", redis.ConnectionString), ("RateLimits:PerAddressPerMinute", "2"));
        using var anonymous = own.Anonymous();
        await (await anonymous.GetAsync("/api/users/me")).ProblemAsync(HttpStatusCode.Unauthorized);
        await (await anonymous.GetAsync("/nothing")).ProblemAsync(HttpStatusCode.Unauthorized);
        await (await anonymous.GetAsync("/api/users/me")).ProblemAsync(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Two_replicas_count_together_within_a_tenth()
    {
        await using var redis = await ThrowAwayRedis.StartAsync();
        (string, string?)[] settings = [("ConnectionStrings:redis", redis.ConnectionString), ("RateLimits:PerAddressPerMinute", "60")];
        await using var one = await GatewayApplication.StartAsync(servers, settings);
        await using var two = await GatewayApplication.StartAsync(servers, settings);
        using var first = one.Anonymous();
        using var second = two.Anonymous();
        var began = DateTime.UtcNow;

        var allowed = 0;
        for (var request = 0; request < 120; request++)
        {
            using var response = await (request % 2 == 0 ? first : second).GetAsync("/nothing");
            allowed += response.StatusCode == HttpStatusCode.Unauthorized ? 1 : 0;
        }

        // One comes back each second.
        var refilled = (int)Math.Ceiling((DateTime.UtcNow - began).TotalSeconds);
        Assert.InRange(allowed, 54, 66 + refilled);
    }

    [Fact]
    public async Task Without_Redis_a_replica_counts_for_itself_and_no_limit_vanishes()
    {
        await using var redis = await ThrowAwayRedis.StartAsync();
        await using var own = await GatewayApplication.StartAsync(servers, ("ConnectionStrings:redis", redis.ConnectionString), ("RateLimits:PerAddressPerMinute", "3"));
        using var anonymous = own.Anonymous();
        await (await anonymous.GetAsync("/nothing")).ProblemAsync(HttpStatusCode.Unauthorized);
        await redis.StopAsync();

        for (var request = 0; request < 3; request++)
        {
            await (await anonymous.GetAsync("/nothing")).ProblemAsync(HttpStatusCode.Unauthorized);
        }

        using var refused = await anonymous.GetAsync("/nothing");
        await refused.ProblemAsync(HttpStatusCode.TooManyRequests);
        Assert.NotNull(refused.Headers.RetryAfter);
    }
}
