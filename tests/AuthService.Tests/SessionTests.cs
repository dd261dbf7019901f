using System.Net;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AuthService.Tests;

[Collection(AuthServiceCollection.Name)]
public sealed class SessionTests(AuthServiceApplication app)
{
    [Fact]
    public async Task A_refresh_token_gives_a_new_pair_of_the_same_session_once()
    {
        var (_, username) = await app.CreateAccountAsync();
        var (_, first) = await app.LogInAsync(username);

        using var response = await app.PostAsync("/api/auth/refresh", new { refresh_token = first });

        var pair = await AuthServiceApplication.JsonAsync(response);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(pair.GetProperty("access_token").GetString()!));
        Assert.NotEqual(first, pair.GetProperty("refresh_token").GetString());
    }

    [Fact]
    public async Task A_refresh_token_that_is_used_again_ends_the_session_and_no_other()
    {
        var (id, username) = await app.CreateAccountAsync();
        var stolen = await app.LogInAsync(username);
        var other = await app.LogInAsync(username);
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        await using var revoked = await app.ListenAsync<AccessRevoked>();
        var successor = (await AuthServiceApplication.JsonAsync(await app.PostAsync("/api/auth/refresh", new { refresh_token = stolen.RefreshToken }))).GetProperty("refresh_token").GetString();

        using var again = await app.PostAsync("/api/auth/refresh", new { refresh_token = stolen.RefreshToken });

        Assert.Equal(HttpStatusCode.Unauthorized, again.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/auth/refresh", new { refresh_token = successor })).StatusCode);
        await AuthServiceApplication.EventuallyAsync(async () => await MeAsync(stolen.AccessToken) == HttpStatusCode.Unauthorized ? "ended" : null);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(other.AccessToken));
        Assert.Equal(HttpStatusCode.OK, (await app.PostAsync("/api/auth/refresh", new { refresh_token = other.RefreshToken })).StatusCode);
        await audit.WaitForAsync(one => one.Action == "auth.refresh_token_reused" && one.UserId == id);
        await revoked.WaitForAsync(one => one.UserId == id && one.Reason == "refresh_token_reused");
    }

    [Fact]
    public async Task Of_twelve_refreshes_at_once_exactly_one_succeeds_and_nothing_of_the_session_survives()
    {
        var (id, username) = await app.CreateAccountAsync();
        var (_, token) = await app.LogInAsync(username);
        await using var audit = await app.ListenAsync<ActivityRecorded>();

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => app.PostAsync("/api/auth/refresh", new { refresh_token = token })));

        var winner = Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.All(answers.Where(answer => answer != winner), answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode));
        var survivor = (await AuthServiceApplication.JsonAsync(winner)).GetProperty("refresh_token").GetString();
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/auth/refresh", new { refresh_token = survivor })).StatusCode);

        // A later record shows that the earlier ones are all there: the outbox keeps the order.
        await app.LogInAsync(username);
        await audit.WaitForAsync(one => one.Action == "auth.login" && one.UserId == id);
        Assert.Single(audit.All(one => one.Action == "auth.refresh_token_reused" && one.UserId == id));
    }

    [Fact]
    public async Task Logout_ends_the_session_at_once_and_no_other()
    {
        var (id, username) = await app.CreateAccountAsync();
        var one = await app.LogInAsync(username);
        var other = await app.LogInAsync(username);
        await using var revoked = await app.ListenAsync<AccessRevoked>();

        using var response = await app.Client(one.AccessToken).PostAsync("/api/auth/logout", null);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(one.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/auth/refresh", new { refresh_token = one.RefreshToken })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(other.AccessToken));
        Assert.Equal("logout", (await revoked.WaitForAsync(fact => fact.UserId == id)).Reason);
    }

    [Fact]
    public async Task Logout_of_all_ends_every_session_and_a_new_login_works_at_once()
    {
        var (_, username) = await app.CreateAccountAsync();
        var one = await app.LogInAsync(username);
        var other = await app.LogInAsync(username);

        using var response = await app.PostAsync("/api/auth/logout", new { all = true }, one.AccessToken);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(one.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(other.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/auth/refresh", new { refresh_token = other.RefreshToken })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await MeAsync((await app.LogInAsync(username)).AccessToken));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_service_has_no_session_to_end_and_no_account(bool all)
    {
        var token = await app.ServiceTokenAsync();

        Assert.Equal(HttpStatusCode.NoContent, (await app.PostAsync("/api/auth/logout", new { all }, token)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, await MeAsync(token));
    }

    [Theory]
    [InlineData("/api/auth/me", "GET")]
    [InlineData("/api/auth/logout", "POST")]
    public async Task Without_a_token_there_is_nothing_to_see_or_to_end(string path, string method)
    {
        using var response = await app.Client().SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task A_refresh_without_a_token_says_what_is_missing()
    {
        using var response = await app.PostAsync("/api/auth/refresh", new { });

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("refresh_token is missing", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<HttpStatusCode> MeAsync(string token)
    {
        using var response = await app.Client(token).GetAsync("/api/auth/me");
        return response.StatusCode;
    }
}
