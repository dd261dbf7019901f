using System.Net;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>What a person may do, from the first login to the end of their access, through the true services.</summary>
public sealed class AccessJourneyTests(Platform platform)
{
    private static readonly TimeSpan TwoSeconds = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Logout_ends_access_at_the_gateway_and_at_every_service()
    {
        var user = await platform.NewUserAsync();
        (string Service, string Path)[] doors =
        [
            ("gateway", "/api/users/me"), ("authservice", "/api/auth/me"), ("userservice", "/api/users/me"), ("mcpservice", "/api/mcp/servers"),
        ];
        foreach (var (service, path) in doors)
        {
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(service, path, user.Token));
        }

        await platform.SendAsync(HttpMethod.Post, "/api/auth/logout", user.Token);

        foreach (var (service, path) in doors)
        {
            await Platform.EventuallyAsync(TwoSeconds, async () => await StatusAsync(service, path, user.Token) == HttpStatusCode.Unauthorized ? "ended" : null, $"{service} refuses");
        }

        using var refresh = await platform.TryAsync(HttpMethod.Post, "/api/auth/refresh", body: new { refresh_token = user.RefreshToken });
        Assert.Equal(HttpStatusCode.Unauthorized, refresh.StatusCode);
    }

    [Fact]
    public async Task A_role_that_is_given_and_taken_away_shows_in_the_next_token_and_ends_the_last_one()
    {
        var user = await platform.NewUserAsync();
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("gateway", "/api/analytics/summary", user.Token));

        await platform.SendAsync(HttpMethod.Put, $"/api/permissions/users/{user.Id}/roles", platform.AdminToken, new { roles = new[] { "user", "auditor" } });
        var auditor = await Platform.EventuallyAsync(TimeSpan.FromSeconds(5), async () =>
        {
            var (token, _) = await platform.LogInAsync(user.Username, user.Password);
            return await StatusAsync("gateway", "/api/analytics/summary", token) == HttpStatusCode.OK ? token : null;
        }, "a new token carries the new role");

        await platform.SendAsync(HttpMethod.Put, $"/api/permissions/users/{user.Id}/roles", platform.AdminToken, new { roles = new[] { "user" } });

        await Platform.EventuallyAsync(TwoSeconds, async () => await StatusAsync("gateway", "/api/analytics/summary", auditor) == HttpStatusCode.Unauthorized ? "ended" : null, "the old token ends");
    }

    [Fact]
    public async Task A_rule_is_in_force_at_every_replica_of_another_service_within_two_seconds_and_what_it_hides_is_on_record()
    {
        var user = await platform.NewUserAsync();
        var call = () => platform.TryAsync(HttpMethod.Post, "/api/mcp/servers/everything/tools/echo/call", user.Token, new { arguments = new { message = "x" } });
        using (var before = await call())
        {
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        }

        var set = await platform.SendAsync(HttpMethod.Put, "/api/permissions/grants", platform.AdminToken, new
        {
            subject_type = "user", subject = user.Id, rules = new[] { new { effect = "deny", resource = "tool:everything/ec*" } },
        });

        // So often in a row that both replicas have answered.
        var refused = 0;
        await Platform.EventuallyAsync(TwoSeconds, async () =>
        {
            using var response = await call();
            refused = response.StatusCode == HttpStatusCode.NotFound ? refused + 1 : 0;
            return refused >= 6 ? "hidden" : null;
        }, "echo is hidden");
        var tools = await platform.SendAsync(HttpMethod.Get, "/api/mcp/servers/everything/tools", user.Token);
        Assert.DoesNotContain("echo", tools.GetProperty("items").EnumerateArray().Select(tool => tool.GetProperty("name").GetString()));

        var rule = set.GetProperty("rules")[0].GetProperty("id").GetString()!;
        await Platform.EventuallyAsync(TimeSpan.FromSeconds(5), async () =>
        {
            var page = await platform.SendAsync(HttpMethod.Get, $"/api/analytics/activities?user_id={user.Id}&limit=100", platform.AdminToken);
            return page.GetProperty("items").EnumerateArray().Any(item => item.GetProperty("outcome").GetString() == "denied" && item.GetRawText().Contains(rule, StringComparison.Ordinal)) ? "there" : null;
        }, "the denial names the rule");
    }

    [Fact]
    public async Task Who_one_is_comes_from_the_token_and_from_no_header()
    {
        var user = await platform.NewUserAsync();
        using var client = new HttpClient { BaseAddress = platform.Gateway };
        client.DefaultRequestHeaders.Authorization = new("Bearer", user.Token);
        client.DefaultRequestHeaders.Add("X-User-Id", Guid.CreateVersion7().ToString());
        client.DefaultRequestHeaders.Add("X-User-Role", "admin");
        client.DefaultRequestHeaders.Add("X-Forwarded-User", "admin");

        Assert.Contains(user.Username, await client.GetStringAsync(new Uri("/api/users/me", UriKind.Relative)), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(new Uri("/api/users", UriKind.Relative))).StatusCode);
    }

    [Theory]
    [InlineData("/internal/accounts")]
    [InlineData("/api/auth/../../internal/accounts")]
    [InlineData("/api/users/%2e%2e/%2e%2e/internal/accounts")]
    public async Task What_is_internal_is_not_reached_through_the_gateway(string path)
    {
        using var response = await platform.TryAsync(HttpMethod.Post, path, platform.AdminToken, new { username = "mallory" });

        Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed, $"answered {(int)response.StatusCode}");
    }

    private async Task<HttpStatusCode> StatusAsync(string service, string path, string token)
    {
        using var response = await platform.TryAsync(HttpMethod.Get, path, token, at: platform.Service(service));
        return response.StatusCode;
    }
}
