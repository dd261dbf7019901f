using System.Diagnostics;
using System.Net;
using System.Text.Json;
using McpPlatform.AuthService.Accounts;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Tests;

[Collection(AuthServiceCollection.Name)]
public sealed class ChangePasswordTests(AuthServiceApplication app)
{
    private const string Next = "another long passphrase";

    [Fact]
    public async Task The_new_password_works_the_old_one_does_not_and_only_this_session_goes_on()
    {
        var (id, username) = await app.CreateAccountAsync();
        var here = await app.LogInAsync(username);
        var there = await app.LogInAsync(username);
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        await using var revoked = await app.ListenAsync<AccessRevoked>();

        using var response = await ChangeAsync(here.AccessToken, AuthServiceApplication.Password, Next);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(there.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/auth/refresh", new { refresh_token = there.RefreshToken })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(here.AccessToken));
        Assert.Equal(HttpStatusCode.OK, (await app.PostAsync("/api/auth/refresh", new { refresh_token = here.RefreshToken })).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password })).StatusCode);
        await app.LogInAsync(username, Next);
        Assert.Equal(ActivityOutcomes.Succeeded, (await audit.WaitForAsync(one => one.Action == "auth.change_password" && one.UserId == id)).Outcome);
        Assert.Equal("password_changed", (await revoked.WaitForAsync(one => one.UserId == id)).Reason);
    }

    [Fact]
    public async Task A_wrong_current_password_counts_as_a_failed_login_and_changes_nothing()
    {
        var (id, username) = await app.CreateAccountAsync();
        var here = await app.LogInAsync(username);
        await using var audit = await app.ListenAsync<ActivityRecorded>();

        for (var i = 0; i < 5; i++)
        {
            using var wrong = await ChangeAsync(here.AccessToken, "not my password", Next);
            Assert.Equal(HttpStatusCode.Forbidden, wrong.StatusCode);
        }

        using var right = await ChangeAsync(here.AccessToken, AuthServiceApplication.Password, Next);
        Assert.Equal(HttpStatusCode.Forbidden, right.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await MeAsync(here.AccessToken));
        await audit.WaitForAsync(one => one.Action == "auth.change_password" && one.UserId == id && one.Outcome == ActivityOutcomes.Denied);
    }

    [Theory]
    [InlineData("short", "at least 12")]
    [InlineData(AuthServiceApplication.Password, "not be the current one")]
    [InlineData("Password2026!!", "common")]
    [InlineData("MCP-Platform-1", "product")]
    [InlineData("{username}1!", "username")]
    public async Task A_password_that_is_not_allowed_says_why(string password, string why)
    {
        var (_, username) = await app.CreateAccountAsync();
        var (token, _) = await app.LogInAsync(username);

        using var response = await ChangeAsync(token, AuthServiceApplication.Password, password.Replace("{username}", username, StringComparison.Ordinal));

        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True(JsonDocument.Parse(text).RootElement.GetProperty("errors").TryGetProperty("new_password", out _), text);
        Assert.Contains(why, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("correct horse battery staple and whatever else one likes to write down here")]
    [InlineData("ÄÖÜ ſ 漢字 🙂 пароль, auch so!")]
    [InlineData("            a b c d e            ")]
    public async Task Any_characters_and_any_length_make_a_password(string password)
    {
        var (_, username) = await app.CreateAccountAsync();
        var (token, _) = await app.LogInAsync(username);
        var longer = password + new string('~', 90);

        Assert.Equal(HttpStatusCode.NoContent, (await ChangeAsync(token, AuthServiceApplication.Password, password)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await ChangeAsync(token, password, longer)).StatusCode);

        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/login", new { username, password = longer[..^1] + "!" })).StatusCode);
        await app.LogInAsync(username, longer);
    }

    [Fact]
    public async Task Of_two_changes_at_once_one_happens()
    {
        var (_, username) = await app.CreateAccountAsync();
        var (token, _) = await app.LogInAsync(username);

        var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(i => ChangeAsync(token, AuthServiceApplication.Password, $"{Next} number {i}")));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.NoContent);
        Assert.All(answers.Where(answer => answer.StatusCode != HttpStatusCode.NoContent), answer => Assert.True(answer.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.Forbidden, answer.StatusCode.ToString()));
    }

    [Fact]
    public async Task With_very_many_sessions_all_but_this_one_end()
    {
        var (id, username) = await app.CreateAccountAsync();
        var here = await app.LogInAsync(username);
        var there = await app.LogInAsync(username);
        await app.InDatabaseAsync(async db =>
        {
            db.Sessions.AddRange(Enumerable.Range(0, 60).Select(_ => new Sessions.Session { Subject = id.ToString(), Type = "ad-hoc", Status = "valid", CreationDate = DateTime.UtcNow }));
            return await db.SaveChangesAsync();
        });

        Assert.Equal(HttpStatusCode.NoContent, (await ChangeAsync(here.AccessToken, AuthServiceApplication.Password, Next)).StatusCode);

        Assert.Equal(HttpStatusCode.Unauthorized, await MeAsync(there.AccessToken));
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/auth/refresh", new { refresh_token = there.RefreshToken })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await app.PostAsync("/api/auth/refresh", new { refresh_token = here.RefreshToken })).StatusCode);
        Assert.Equal(1, await app.InDatabaseAsync(db => db.Sessions.CountAsync(one => one.Subject == id.ToString() && one.Status == "valid")));
    }

    [Theory]
    [InlineData("passwordpassword")]
    [InlineData("QWERTYuiop123")]
    [InlineData("123456789012")]
    [InlineData("nmlkjihgfedcba")]
    [InlineData("qwertyuiopas")]
    [InlineData("Sunshine-2026")]
    [InlineData("2026!football")]
    [InlineData("1qaz2wsx3edc")]
    [InlineData("Motherfucker")]
    public void Common_passwords_and_what_is_made_of_them_are_known(string password) => Assert.Contains("common", PasswordRules.Check(password, "somebody-else"), StringComparison.Ordinal);

    [Theory]
    [InlineData("annabella.smith", null, "AnnabellaSmith99")]
    [InlineData("ann", "annabella.smith@example.com", "annabella-smith 1")]
    [InlineData("annabella@example.com", null, "xx annabella xx")]
    public void A_password_made_of_ones_own_names_is_refused(string username, string? email, string password) =>
        Assert.Contains("username or the address", PasswordRules.Check(password, username, email), StringComparison.Ordinal);

    [Theory]
    [InlineData("ann", "that banner is mine")]
    [InlineData("annabella", "annabella rode to the seaside")]
    [InlineData("somebody", "tr0ub4dor & 3 friends")]
    public void A_password_of_its_own_is_taken(string username, string password) => Assert.Null(PasswordRules.Check(password, username));

    [Fact]
    public void The_list_is_long_enough_and_looked_up_fast()
    {
        Assert.NotNull(PasswordRules.Check("password1234", "x"));
        var from = Stopwatch.GetTimestamp();
        for (var i = 0; i < 1000; i++)
        {
            CommonPasswords.Contains("a passphrase of mine " + i);
        }

        Assert.InRange(Stopwatch.GetElapsedTime(from).TotalMilliseconds / 1000, 0, 1);
        Assert.InRange(CommonPasswords.Count, 3000, int.MaxValue);
    }

    private Task<HttpResponseMessage> ChangeAsync(string token, string current, string next) =>
        app.PostAsync("/api/auth/change-password", new { current_password = current, new_password = next }, token);

    private async Task<HttpStatusCode> MeAsync(string token) => (await app.Client(token).GetAsync("/api/auth/me")).StatusCode;
}
