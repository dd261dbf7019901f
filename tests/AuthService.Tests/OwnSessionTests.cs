using System.Net;
using System.Text.Json;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace McpPlatform.AuthService.Tests;

[Collection(AuthServiceCollection.Name)]
public sealed class OwnSessionTests(AuthServiceApplication app)
{
    [Fact]
    public async Task One_sees_where_one_is_logged_in_the_newest_first_and_which_is_this()
    {
        var (_, username) = await app.CreateAccountAsync();
        var first = await app.LogInAsync(username);
        using var browser = app.Client(address: "192.0.2.77");
        browser.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "Browser/1.0 (" + new string('x', 400));
        using var login = await browser.PostAsync("/api/login", new FormUrlEncodedContent(new Dictionary<string, string> { ["username"] = username, ["password"] = AuthServiceApplication.Password }));
        var second = (await AuthServiceApplication.JsonAsync(login)).GetProperty("access_token").GetString()!;

        var all = await ListAsync(second);
        var page = await ListAsync(first.AccessToken, "?limit=1");
        var rest = await ListAsync(first.AccessToken, "?limit=1&cursor=" + page.GetProperty("next_cursor").GetString());

        var items = all.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([SessionOf(second), SessionOf(first.AccessToken)], items.Select(item => item.GetProperty("id").GetString()));
        Assert.Equal([true, false], items.Select(item => item.GetProperty("current").GetBoolean()));
        Assert.Equal(("password", "McpPlatform", "192.0.2.77"), (items[0].GetProperty("kind").GetString(), items[0].GetProperty("client").GetString(), items[0].GetProperty("ip").GetString()));
        Assert.Equal(256, items[0].GetProperty("user_agent").GetString()!.Length);
        Assert.Equal(JsonValueKind.Null, items[1].GetProperty("user_agent").ValueKind);
        Assert.Equal(SessionOf(second), page.GetProperty("items")[0].GetProperty("id").GetString());
        Assert.Equal((SessionOf(first.AccessToken), JsonValueKind.Null), (rest.GetProperty("items")[0].GetProperty("id").GetString(), rest.GetProperty("next_cursor").ValueKind));
    }

    [Fact]
    public async Task A_refresh_is_seen_and_an_ended_session_is_not()
    {
        var (_, username) = await app.CreateAccountAsync();
        var one = await app.LogInAsync(username);
        var other = await app.LogInAsync(username);
        var session = Guid.Parse(SessionOf(one.AccessToken));
        await app.InDatabaseAsync(db => db.Sessions.Where(row => row.Id == session).ExecuteUpdateAsync(set => set.SetProperty(row => row.LastSeenAt, DateTimeOffset.UtcNow.AddDays(-2))));

        await app.PostAsync("/api/auth/refresh", new { refresh_token = one.RefreshToken });

        var seen = (await ListAsync(one.AccessToken)).GetProperty("items")[1].GetProperty("last_seen_at").GetDateTimeOffset();
        Assert.InRange(DateTimeOffset.UtcNow - seen, TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1));
        await app.PostAsync("/api/auth/logout", new { }, other.AccessToken);
        Assert.Equal(SessionOf(one.AccessToken), Assert.Single((await ListAsync(one.AccessToken)).GetProperty("items").EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Ending_a_session_ends_it_alone_and_a_strangers_does_not_exist()
    {
        var (id, username) = await app.CreateAccountAsync();
        var here = await app.LogInAsync(username);
        var there = await app.LogInAsync(username);
        var (_, stranger) = await app.CreateAccountAsync();
        var theirs = await app.LogInAsync(stranger);
        await using var audit = await app.ListenAsync<ActivityRecorded>();

        Assert.Equal(HttpStatusCode.NotFound, await EndAsync(theirs.AccessToken, SessionOf(there.AccessToken)));
        Assert.Equal(HttpStatusCode.OK, await MeAsync(there.AccessToken));
        Assert.Equal(HttpStatusCode.NoContent, await EndAsync(here.AccessToken, SessionOf(there.AccessToken)));

        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(there.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/auth/refresh", new { refresh_token = there.RefreshToken })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(here.AccessToken));
        Assert.Equal(HttpStatusCode.NotFound, await EndAsync(here.AccessToken, SessionOf(there.AccessToken)));
        Assert.Equal(SessionOf(there.AccessToken), (await audit.WaitForAsync(one => one.Action == "auth.sessions.end" && one.UserId == id)).Target);
    }

    [Theory]
    [InlineData("/api/auth/sessions?limit=0", 400)]
    [InlineData("/api/auth/sessions?limit=501", 400)]
    [InlineData("/api/auth/sessions?cursor=x", 400)]
    [InlineData("/api/auth/sessions?cursor=bm90LWEtZ3VpZA", 400)]
    public async Task A_page_that_cannot_be_is_a_problem(string path, int status)
    {
        var (_, username) = await app.CreateAccountAsync();

        using var response = await app.Client((await app.LogInAsync(username)).AccessToken).GetAsync(path);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_service_has_no_sessions_to_look_at()
    {
        using var response = await app.Client(await app.ServiceTokenAsync()).GetAsync("/api/auth/sessions");

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("plain/1.0", "plain/1.0")]
    [InlineData("a\u0000b\u202Ec\r\nd", "a b c  d")]
    [InlineData("   ", null)]
    [InlineData("\u200B", null)]
    public void What_a_client_calls_itself_is_made_safe_to_show(string given, string? kept) => Assert.Equal(kept, SessionOrigin.Clean(given));

    [Fact]
    public void A_half_of_a_character_is_replaced() => Assert.Equal("\uFFFD", SessionOrigin.Clean(((char)0xD800).ToString()));

    [Fact]
    public void A_name_that_is_too_long_is_not_cut_through_a_character() =>
        Assert.Equal(new string('x', 255), SessionOrigin.Clean(new string('x', 255) + "\U0001F600"));

    private static string SessionOf(string token) => new JsonWebToken(token).GetClaim("sid").Value;

    private async Task<JsonElement> ListAsync(string token, string query = "")
    {
        using var response = await app.Client(token).GetAsync("/api/auth/sessions" + query);
        return await AuthServiceApplication.JsonAsync(response);
    }

    private async Task<HttpStatusCode> EndAsync(string token, string session) => (await app.Client(token).DeleteAsync("/api/auth/sessions/" + session)).StatusCode;

    private async Task<HttpStatusCode> MeAsync(string token) => (await app.Client(token).GetAsync("/api/auth/me")).StatusCode;
}
