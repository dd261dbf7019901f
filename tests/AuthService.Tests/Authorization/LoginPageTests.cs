using System.Net;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;
using static McpPlatform.AuthService.Tests.AuthServiceApplication;

namespace McpPlatform.AuthService.Tests.Authorization;

/// <summary>On an instance of its own: the failed logins of an address are counted.</summary>
public sealed class LoginPageTests(AuthServiceApplication app) : IClassFixture<AuthServiceApplication>
{
    [Fact]
    public async Task The_page_needs_no_script_can_be_framed_by_nobody_and_is_kept_nowhere()
    {
        var client = await OAuthClient.RegisterAsync(app, OAuthClient.Loopback);

        using var response = await app.Client().GetAsync(client.Address());
        var page = await Page.OfAsync(response);

        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
        Assert.True(response.Headers.CacheControl!.NoStore);
        Assert.StartsWith("default-src 'none'; style-src 'sha256-", page.Policy, StringComparison.Ordinal);
        Assert.Contains("form-action 'self' http://127.0.0.1:33418;", page.Policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", page.Policy, StringComparison.Ordinal);
        Assert.Equal(["DENY"], response.Headers.GetValues("X-Frame-Options"));
        Assert.DoesNotContain("<script", page.Html, StringComparison.OrdinalIgnoreCase);
        foreach (var expected in (string[])["<html lang=\"en\">", "<label for=\"username\">", "autocomplete=\"username\"", "autocomplete=\"current-password\"", "autocomplete=\"one-time-code\"", "name=\"viewport\""])
        {
            Assert.Contains(expected, page.Html, StringComparison.Ordinal);
        }

        var cookie = Assert.Single(page.SetCookies);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Over_https_the_cookies_belong_to_this_host_alone()
    {
        await using var secure = new AuthServiceApplication(app.Servers);
        await secure.InitializeAsync(("Authentication:Issuer", "https://platform.test/"));
        var client = await OAuthClient.RegisterAsync(secure);

        using var response = await secure.Client().GetAsync(client.Address());

        var cookie = Assert.Single((await Page.OfAsync(response)).SetCookies);
        Assert.StartsWith("__Host-", cookie, StringComparison.Ordinal);
        Assert.Contains("secure", cookie, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_wrong_locked_and_disabled_look_the_same_and_are_audited()
    {
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        var (_, wrong) = await app.CreateAccountAsync();
        var (_, locked) = await app.CreateAccountAsync();
        var (_, disabled) = await app.CreateAccountAsync();
        await app.InDatabaseAsync(db => db.Users.Where(one => one.UserName == disabled).ExecuteUpdateAsync(set => set.SetProperty(one => one.IsActive, false)));
        await app.InDatabaseAsync(db => db.Users.Where(one => one.UserName == locked).ExecuteUpdateAsync(set => set.SetProperty(one => one.LockoutEnd, DateTimeOffset.UtcNow.AddMinutes(1))));
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var page = await browser.GetAsync(client.Address());

        HashSet<string> answers = [];
        foreach (var (username, password) in new[] { ($"nobody-{wrong[5..13]}", Password), (wrong, "a wrong password"), (locked, Password), (disabled, Password) })
        {
            var answer = await OAuthClient.LogInAsync(browser, page, username, password);
            Assert.Contains("role=\"alert\"", answer.Html, StringComparison.Ordinal);
            answers.Add($"{answer.Status} {answer.Html.Replace(username, "X", StringComparison.Ordinal)}");
        }

        // The form's own token differs each time.
        Assert.Single(answers.Select(answer => System.Text.RegularExpressions.Regex.Replace(answer, "name=\"form_token\" value=\"[^\"]+\"", "")).Distinct());
        await audit.WaitForAsync(record => record is { Action: "auth.login", Outcome: ActivityOutcomes.Denied } && record.Username == wrong);
    }

    [Fact]
    public async Task Five_wrong_guesses_at_the_page_lock_the_account()
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var page = await browser.GetAsync(client.Address());
        foreach (var _ in Enumerable.Range(0, 5))
        {
            await OAuthClient.LogInAsync(browser, page, username, "a wrong guess");
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await OAuthClient.LogInAsync(browser, page, username)).Status);
    }

    [Fact]
    public async Task Whoever_has_a_second_factor_needs_its_code_at_the_page_too_and_each_works_once()
    {
        var user = await Enrolled.NewAsync(app);
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var page = await browser.GetAsync(client.Address());
        Task<Page> LogInAsync(Browser one, string password, string otp) =>
            one.SubmitAsync(page, "/connect/login", ("username", user.Username), ("password", password), ("otp", otp));

        HashSet<string> refusals = [];
        foreach (var (password, otp) in new[] { (Password, ""), (Password, "000000"), ("a wrong password", user.Code(1)) })
        {
            var refused = await LogInAsync(browser, password, otp);
            Assert.Equal((HttpStatusCode.BadRequest, null), (refused.Status, refused.Location));
            Assert.DoesNotContain(user.Code(1), refused.Html, StringComparison.Ordinal);
            refusals.Add(System.Text.RegularExpressions.Regex.Replace(refused.Html, "name=\"form_token\" value=\"[^\"]+\"", ""));
        }

        // Nobody learns from the page that the password was right.
        Assert.Single(refusals);
        Assert.Equal(HttpStatusCode.SeeOther, (await LogInAsync(browser, Password, user.Code(1))).Status);

        using var another = app.Browser();
        page = await another.GetAsync(client.Address());
        Assert.Equal(HttpStatusCode.BadRequest, (await LogInAsync(another, Password, user.Code(1))).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await LogInAsync(another, Password, user.RecoveryCodes[0])).Status);

        using var third = app.Browser();
        page = await third.GetAsync(client.Address());
        Assert.Equal(HttpStatusCode.BadRequest, (await LogInAsync(third, Password, user.RecoveryCodes[0])).Status);
    }

    [Fact]
    public async Task Wrong_codes_at_the_page_and_wrong_passwords_at_the_API_count_together()
    {
        var user = await Enrolled.NewAsync(app);
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var page = await browser.GetAsync(client.Address());
        foreach (var _ in Enumerable.Range(0, 3))
        {
            await browser.SubmitAsync(page, "/connect/login", ("username", user.Username), ("password", Password), ("otp", "000000"));
        }

        foreach (var _ in Enumerable.Range(0, 2))
        {
            await app.PostAsync("/api/login", new { username = user.Username, password = "a wrong guess" });
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await browser.SubmitAsync(page, "/connect/login", ("username", user.Username), ("password", Password), ("otp", user.Code(1)))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/login", new { username = user.Username, password = Password, otp = user.RecoveryCodes[0] })).StatusCode);
    }

    [Fact]
    public async Task What_is_typed_comes_back_as_text_and_the_password_never()
    {
        var client = await OAuthClient.RegisterAsync(app, name: "\"><script>alert(1)</script>");
        using var browser = app.Browser();

        var page = await OAuthClient.LogInAsync(browser, await browser.GetAsync(client.Address()), "\"><script>alert(2)</script>", "the-typed-password");

        Assert.DoesNotContain("<script", page.Html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("the-typed-password", page.Html, StringComparison.Ordinal);
        Assert.Contains("alert(2)", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_that_is_not_ours_logs_nobody_in_and_allows_nothing()
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var page = await browser.GetAsync(client.Address());

        var forged = await browser.SubmitAsync(page, "/connect/login", ("username", username), ("password", Password), ("form_token", "forged"));
        Assert.Equal((HttpStatusCode.BadRequest, null), (forged.Status, forged.Location));

        var consent = await browser.GetAsync((await OAuthClient.LogInAsync(browser, page, username)).Location!);
        var decided = await browser.SubmitAsync(consent, "/connect/authorize", ("decision", "allow"), ("form_token", "forged"));
        Assert.Equal((HttpStatusCode.BadRequest, null), (decided.Status, decided.Location));
        var denied = await browser.SubmitAsync(consent, "/connect/authorize", ("decision", "deny"), ("form_token", ""));
        Assert.Null(denied.Location);
    }

    [Fact]
    public async Task The_token_of_another_persons_form_is_no_consent()
    {
        var (_, ann) = await app.CreateAccountAsync();
        var (_, bob) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var login = await browser.GetAsync(client.Address());
        var annsPage = await browser.GetAsync((await OAuthClient.LogInAsync(browser, login, ann)).Location!);
        var again = await browser.GetAsync(client.Address(("prompt", "login")));
        await OAuthClient.LogInAsync(browser, again, bob);

        var page = await OAuthClient.AllowAsync(browser, annsPage);

        Assert.Equal((HttpStatusCode.BadRequest, null), (page.Status, page.Location));
        Assert.Contains(bob, page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/connect/authorize?x")]
    [InlineData("/connect/authorize/../../evil?x")]
    [InlineData("/connect/authorize?client_id=nobody&redirect_uri=https://evil.example/")]
    [InlineData("/connect/authorize?\r\nLocation: https://evil.example")]
    [InlineData("/connect/authorize?client_id=%00&redirect_uri=%00")]
    [InlineData("")]
    public async Task A_login_leads_back_to_an_authorization_request_and_nowhere_else(string address)
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var page = await browser.GetAsync(client.Address());

        var wrong = await browser.SubmitAsync(page, "/connect/login", ("return_url", address), ("username", username), ("password", "wrong"));
        var right = await browser.SubmitAsync(page, "/connect/login", ("return_url", address), ("username", username), ("password", Password));
        var logout = await browser.PostAsync("/connect/logout", [KeyValuePair.Create("return_url", address)]);

        foreach (var answer in new[] { wrong, right, logout })
        {
            Assert.True(answer.Location is null || answer.Location.StartsWith("/connect/authorize?", StringComparison.Ordinal), answer.Location);
            Assert.InRange((int)answer.Status, 300, 429);
        }
    }

    [Fact]
    public async Task Logging_out_everywhere_ends_the_browsers_login_too()
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        await client.CodeAsync(browser, username);
        Assert.DoesNotContain("name=\"password\"", (await browser.GetAsync(client.Address(("prompt", "consent")))).Html, StringComparison.Ordinal);

        var (token, _) = await app.LogInAsync(username);
        Assert.Equal(HttpStatusCode.NoContent, (await app.PostAsync("/api/auth/logout", new { all = true }, token)).StatusCode);

        Assert.Contains("name=\"password\"", (await browser.GetAsync(client.Address())).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disabled_account_is_out_of_the_pages_at_once()
    {
        var (id, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        await client.CodeAsync(browser, username);

        await app.PublishAsync(new UserDisabled { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Version = 1 });

        await EventuallyAsync(async () => (await browser.GetAsync(client.Address())).Html.Contains("name=\"password\"", StringComparison.Ordinal) ? "out" : null);
    }

    [Fact]
    public async Task The_pages_own_logout_ends_the_login_and_shows_the_page_again()
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var consent = await browser.GetAsync((await OAuthClient.LogInAsync(browser, await browser.GetAsync(client.Address()), username)).Location!);
        var cookies = browser.Cookies.GetAllCookies().ToList();

        var back = await browser.SubmitAsync(consent, "/connect/logout");

        Assert.Contains("name=\"password\"", (await browser.GetAsync(back.Location!)).Html, StringComparison.Ordinal);

        // A copy of the cookie is worth nothing either.
        cookies.ForEach(browser.Cookies.Add);
        Assert.Contains("name=\"password\"", (await browser.GetAsync(client.Address())).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cookies_of_one_replica_are_good_at_another_and_the_keys_lie_encrypted()
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        await client.CodeAsync(browser, username);
        await using var other = app.StartReplica();
        using var there = other.Browser();
        foreach (var cookie in browser.Cookies.GetAllCookies().ToList())
        {
            there.Cookies.Add(cookie);
        }

        Assert.True((await there.GetAsync(client.Address())).Answer.ContainsKey("code"));
        var keys = await app.InDatabaseAsync(db => db.DataProtectionKeys.Select(key => key.Xml!).ToListAsync());
        Assert.Single(keys);
        Assert.Contains("<encryptedSecret", keys[0], StringComparison.Ordinal);
        Assert.DoesNotContain("<masterKey", keys[0], StringComparison.Ordinal);
    }
}
