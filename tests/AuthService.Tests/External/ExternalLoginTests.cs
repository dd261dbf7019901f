using System.Net;
using System.Text.Json;
using McpPlatform.AuthService.Tests.Authorization;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;
using static McpPlatform.AuthService.Tests.AuthServiceApplication;

namespace McpPlatform.AuthService.Tests.External;

public sealed class ExternalLoginTests(ExternalLoginFixture fixture) : IClassFixture<ExternalLoginFixture>
{
    private readonly AuthServiceApplication app = fixture.App;

    [Fact]
    public async Task Somebody_links_an_account_by_its_password_once_and_then_logs_in_elsewhere()
    {
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var (id, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();

        var login = await browser.GetAsync(client.Address());
        Assert.Contains("Continue with The home platform", login.Html, StringComparison.Ordinal);
        var link = await ComeBackAsync(browser, "home", client, known);
        Assert.Contains("no account here is linked", link.Html, StringComparison.Ordinal);
        Assert.Contains(known, link.Html, StringComparison.Ordinal);
        var back = await browser.SubmitAsync(link, "/connect/login", ("username", username), ("password", Password), ("link", "yes"));
        Assert.Equal(HttpStatusCode.SeeOther, back.Status);
        var record = await audit.WaitForAsync(record => record.Action == "auth.external.link" && record.Username == username);
        Assert.Equal("home", record.NewValues!.Value.GetProperty("provider").GetString());

        // Another browser, and no password.
        using var another = app.Browser();
        var straight = await ComeBackAsync(another, "home", client, known);
        Assert.Equal(HttpStatusCode.SeeOther, straight.Status);
        var consent = await another.GetAsync(straight.Location!);
        var tokens = await JsonAsync(await client.RedeemAsync((await OAuthClient.AllowAsync(another, consent)).Answer["code"]));
        Assert.Equal(id, OAuthClient.Payload(tokens).GetProperty("sub").GetGuid());
    }

    [Fact]
    public async Task An_unticked_box_links_nothing_and_neither_does_a_wrong_password()
    {
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var (id, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var link = await ComeBackAsync(browser, "home", client, known);

        var wrong = await browser.SubmitAsync(link, "/connect/login", ("username", username), ("password", "wrong password"), ("link", "yes"));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
        var unticked = await browser.SubmitAsync(wrong, "/connect/login", ("username", username), ("password", Password));

        Assert.Equal(HttpStatusCode.SeeOther, unticked.Status);
        Assert.Equal(0, await app.InDatabaseAsync(db => db.UserLogins.CountAsync(login => login.UserId == id)));
    }

    [Fact]
    public async Task Where_it_is_allowed_a_stranger_gets_an_account_of_an_ordinary_user_once()
    {
        await using var created = await app.ListenAsync<UserCreated>();
        var (subject, known) = await fixture.Home.CreateAccountAsync("users.manage");
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        using var later = app.Browser();

        var first = await ComeBackAsync(browser, "open", client, known);
        Assert.Equal(HttpStatusCode.SeeOther, first.Status);
        var account = await app.InDatabaseAsync(db => db.Users.SingleAsync(one => one.UserName == known));
        Assert.Equal(["user"], account.Roles);
        Assert.DoesNotContain("users.manage", account.Permissions);
        Assert.Null(account.PasswordHash);
        Assert.NotEqual(subject, account.Id);
        Assert.Equal(["user"], (await created.WaitForAsync(fact => fact.UserId == account.Id)).Roles);

        Assert.Equal(HttpStatusCode.SeeOther, (await ComeBackAsync(later, "open", client, known)).Status);
        Assert.Equal(1, await app.InDatabaseAsync(db => db.UserLogins.CountAsync(login => login.UserId == account.Id)));
    }

    [Fact]
    public async Task The_same_name_or_address_is_not_the_same_person()
    {
        var (_, victim) = await app.CreateAccountAsync();
        await app.InDatabaseAsync(db => db.Users.Where(one => one.UserName == victim).ExecuteUpdateAsync(set => set.SetProperty(one => one.Email, "victim@example.com").SetProperty(one => one.NormalizedEmail, "victim@example.com")));
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();

        await FakeAsync(browser, client, claims =>
        {
            claims["sub"] = "thief";
            claims["preferred_username"] = victim;
            claims["email"] = "victim@example.com";
            claims["email_verified"] = true;
        });
        await FakeAsync(browser, client, claims =>
        {
            claims["sub"] = "braggart";
            claims["email"] = "victim@example.com";
        });

        var unproven = await app.InDatabaseAsync(db => db.UserLogins.Where(login => login.ProviderKey == "braggart").Join(db.Users, login => login.UserId, user => user.Id, (_, user) => user).SingleAsync());
        Assert.Null(unproven.Email);
        var linked = await app.InDatabaseAsync(db => db.UserLogins.Where(login => login.ProviderKey == "thief").Join(db.Users, login => login.UserId, user => user.Id, (_, user) => user.UserName).SingleAsync());
        Assert.Equal(victim + "-2", linked);
    }

    [Fact]
    public async Task A_disabled_account_stays_out()
    {
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        await ComeBackAsync(browser, "open", client, known);
        await app.InDatabaseAsync(db => db.Users.Where(one => one.UserName == known).ExecuteUpdateAsync(set => set.SetProperty(one => one.IsActive, false)));
        using var later = app.Browser();

        var page = await ComeBackAsync(later, "open", client, known);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("name=\"password\"", (await later.GetAsync(client.Address())).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_stands_for_the_password_and_not_for_the_second_factor()
    {
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var user = await Enrolled.NewAsync(app);
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var link = await ComeBackAsync(browser, "home", client, known);
        await browser.SubmitAsync(link, "/connect/login", ("username", user.Username), ("password", Password), ("otp", user.RecoveryCodes[0]), ("link", "yes"));
        using var another = app.Browser();

        var page = await ComeBackAsync(another, "home", client, known);

        const string Action = "/connect/external/home/code";
        Assert.Equal((HttpStatusCode.OK, null), (page.Status, page.Location));
        Assert.Contains("name=\"password\"", (await another.GetAsync(client.Address())).Html, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.BadRequest, null), (await another.SubmitAsync(page, Action, ("otp", ""))) is var empty ? (empty.Status, empty.Location) : default);
        Assert.Equal((HttpStatusCode.BadRequest, null), (await another.SubmitAsync(page, Action, ("otp", user.RecoveryCodes[0]))) is var used ? (used.Status, used.Location) : default);
        Assert.Equal(HttpStatusCode.BadRequest, (await another.SubmitAsync(page, Action, ("otp", user.Code(1)), ("form_token", "forged"))).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await another.SubmitAsync(page, Action, ("otp", user.Code(1)))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await another.SubmitAsync(page, Action, ("otp", user.RecoveryCodes[1]))).Status);
        Assert.Equal(1, await app.InDatabaseAsync(db => db.Sessions.CountAsync(one => one.Subject == user.Id.ToString() && one.Kind == AuthService.Sessions.SessionKind.External)));
    }

    [Fact]
    public async Task Wrong_codes_after_another_provider_lock_the_account_as_wrong_passwords_do()
    {
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var user = await Enrolled.NewAsync(app);
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var link = await ComeBackAsync(browser, "home", client, known);
        await browser.SubmitAsync(link, "/connect/login", ("username", user.Username), ("password", Password), ("otp", user.RecoveryCodes[0]), ("link", "yes"));
        using var thief = app.Browser();
        var page = await ComeBackAsync(thief, "home", client, known);
        foreach (var _ in Enumerable.Range(0, 5))
        {
            await thief.SubmitAsync(page, "/connect/external/home/code", ("otp", "000000"));
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await thief.SubmitAsync(page, "/connect/external/home/code", ("otp", user.Code(1)))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/login", new { username = user.Username, password = Password, otp = user.RecoveryCodes[1] })).StatusCode);
    }

    [Fact]
    public async Task Who_is_not_let_in_elsewhere_reads_it_and_it_is_on_record()
    {
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var start = await browser.GetAsync("/connect/external/home?return_url=" + Uri.EscapeDataString(client.Address()));
        using var elsewhere = fixture.Home.Browser();
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var consent = await elsewhere.GetAsync((await OAuthClient.LogInAsync(elsewhere, await elsewhere.GetAsync(PathOf(start)), known)).Location!);

        var page = await browser.GetAsync(PathOf(await elsewhere.SubmitAsync(consent, "/connect/authorize", ("decision", "deny"))));

        Assert.Equal((HttpStatusCode.BadRequest, null), (page.Status, page.Location));
        Assert.Contains("The home platform says that the login was not allowed", page.Html, StringComparison.Ordinal);
        var record = await audit.WaitForAsync(record => record.Action == "auth.external.login");
        Assert.Equal((ActivityOutcomes.Denied, "home", "access_denied"), (record.Outcome, record.Target, record.Details!["error"]));
    }

    [Fact]
    public async Task A_state_works_once_and_only_in_the_browser_that_began()
    {
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        using var victim = app.Browser();
        var callback = await CallbackAsync(browser, "open", client, known);

        Assert.Equal(HttpStatusCode.BadRequest, (await victim.GetAsync(await CallbackAsync(browser, "open", client, known))).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await browser.GetAsync(callback)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(callback)).Status);
    }

    [Fact]
    public async Task A_code_of_another_login_and_an_answer_of_another_issuer_are_refused()
    {
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        using var other = app.Browser();
        var mine = System.Web.HttpUtility.ParseQueryString(new Uri("http://x" + await CallbackAsync(browser, "open", client, known)).Query);
        var theirs = System.Web.HttpUtility.ParseQueryString(new Uri("http://x" + await CallbackAsync(other, "open", client, known)).Query);
        string Callback(string? code, string? state, string? issuer) =>
            $"/connect/external/open/callback?code={Uri.EscapeDataString(code!)}&state={Uri.EscapeDataString(state!)}" + (issuer is null ? "" : $"&iss={Uri.EscapeDataString(issuer)}");

        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(Callback(mine["code"], mine["state"], "https://evil.example/"))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await other.GetAsync(Callback(mine["code"], theirs["state"], theirs["iss"]))).Status);
    }

    public static TheoryData<string> Lies() => ["nonce", "no-nonce", "issuer", "audience", "expired", "no-expiry", "signature", "no-subject", "long-subject"];

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task An_id_token_that_is_not_for_us_is_refused(string lie)
    {
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();

        var page = await FakeAsync(browser, client, claims =>
        {
            _ = lie switch
            {
                "nonce" => claims["nonce"] = "another",
                "no-nonce" => claims.Remove("nonce"),
                "issuer" => claims["iss"] = "https://evil.example/",
                "audience" => claims["aud"] = "another",
                "expired" => claims["exp"] = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds(),
                "no-expiry" => claims.Remove("exp"),
                "no-subject" => claims.Remove("sub"),
                "long-subject" => claims["sub"] = new string('x', 1000),
                _ => fixture.Fake.ForeignKey = true,
            };
        });

        Assert.Equal((HttpStatusCode.BadRequest, null), (page.Status, page.Location));
        Assert.Contains("The login at fake did not work.", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_honest_answer_of_the_same_provider_is_accepted()
    {
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();

        Assert.Equal(HttpStatusCode.SeeOther, (await FakeAsync(browser, client, _ => { })).Status);
    }

    [Fact]
    public async Task A_callback_may_come_to_another_replica()
    {
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var callback = await CallbackAsync(browser, "open", client, known);
        await using var replica = app.StartReplica();
        using var there = replica.Browser();
        foreach (var cookie in browser.Cookies.GetAllCookies().ToList())
        {
            there.Cookies.Add(cookie);
        }

        Assert.Equal(HttpStatusCode.SeeOther, (await there.GetAsync(callback)).Status);
    }

    [Theory]
    [InlineData("/connect/external/nobody?return_url=%2Fconnect%2Fauthorize%3Fx", 400)]
    [InlineData("/connect/external/home", 400)]
    [InlineData("/connect/external/home?return_url=https://evil.example/", 400)]
    [InlineData("/connect/external/home/callback", 400)]
    [InlineData("/connect/external/home/callback?code=x&state=y", 400)]
    [InlineData("/connect/external/home/callback?error=access_denied&state=y", 400)]
    [InlineData("/connect/external/nobody/callback?code=x&state=y", 400)]
    public async Task What_leads_to_no_login_says_so(string address, int status)
    {
        using var browser = app.Browser();

        var page = await browser.GetAsync(address);

        Assert.Equal((status, null), ((int)page.Status, page.Location));
        Assert.Contains("role=\"alert\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_is_away_is_no_error_of_ours()
    {
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();

        var page = await browser.GetAsync("/connect/external/gone?return_url=" + Uri.EscapeDataString(client.Address()));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
    }

    [Fact]
    public async Task One_sees_and_removes_ones_links_but_not_the_last_way_in()
    {
        var (_, known) = await fixture.Home.CreateAccountAsync();
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        await browser.SubmitAsync(await ComeBackAsync(browser, "home", client, known), "/connect/login", ("username", username), ("password", Password), ("link", "yes"));
        var (token, _) = await app.LogInAsync(username);
        using var http = app.Client(token);

        var list = await JsonAsync(await http.GetAsync("/api/auth/external-logins"));
        Assert.Equal(("home", "The home platform"), (list[0].GetProperty("provider").GetString(), list[0].GetProperty("display_name").GetString()));
        await app.InDatabaseAsync(db => db.Users.Where(one => one.UserName == username).ExecuteUpdateAsync(set => set.SetProperty(one => one.PasswordHash, (string?)null)));
        Assert.Equal(HttpStatusCode.Conflict, (await http.DeleteAsync("/api/auth/external-logins/home")).StatusCode);
        await app.InDatabaseAsync(db => db.Users.Where(one => one.UserName == username).ExecuteUpdateAsync(set => set.SetProperty(one => one.PasswordHash, "x")));
        Assert.Equal(HttpStatusCode.NoContent, (await http.DeleteAsync("/api/auth/external-logins/home")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.DeleteAsync("/api/auth/external-logins/home")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.Client().GetAsync("/api/auth/external-logins")).StatusCode);
    }

    [Fact]
    public async Task A_wrong_provider_stops_the_start_with_a_sentence()
    {
        Assert.Equal(1, await app.RunAsync([], ("ExternalLogins:x:Authority", "http://login.example.com/"), ("ExternalLogins:x:ClientId", "c")));
        Assert.Equal(1, await app.RunAsync([], ("ExternalLogins:x:Authority", "https://login.example.com/"), ("ExternalLogins:x:ClientId", "c"), ("ExternalLogins:x:Scopes", "profile")));
    }

    // Through the provider's own pages, to the address that it sends the browser back to.
    private async Task<string> CallbackAsync(Browser browser, string provider, OAuthClient client, string known)
    {
        var start = await browser.GetAsync($"/connect/external/{provider}?return_url=" + Uri.EscapeDataString(client.Address()));
        using var elsewhere = fixture.Home.Browser();
        var login = await elsewhere.GetAsync(PathOf(start));
        var consent = await elsewhere.GetAsync((await OAuthClient.LogInAsync(elsewhere, login, known)).Location!);
        return PathOf(await OAuthClient.AllowAsync(elsewhere, consent));
    }

    private async Task<Page> ComeBackAsync(Browser browser, string provider, OAuthClient client, string known) =>
        await browser.GetAsync(await CallbackAsync(browser, provider, client, known));

    private async Task<Page> FakeAsync(Browser browser, OAuthClient client, Action<Dictionary<string, object>> lie)
    {
        var start = await browser.GetAsync("/connect/external/fake?return_url=" + Uri.EscapeDataString(client.Address()));
        var now = DateTimeOffset.UtcNow;
        fixture.Fake.ForeignKey = false;
        fixture.Fake.Claims = new()
        {
            ["iss"] = fixture.Fake.Issuer.AbsoluteUri, ["aud"] = "platform", ["sub"] = Guid.CreateVersion7().ToString(), ["nonce"] = start.Answer["nonce"],
            ["iat"] = now.ToUnixTimeSeconds(), ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(), ["preferred_username"] = $"fake-{now.ToUnixTimeMilliseconds()}",
        };
        lie(fixture.Fake.Claims);
        return await browser.GetAsync($"/connect/external/fake/callback?code=x&state={Uri.EscapeDataString(start.Answer["state"])}&iss={Uri.EscapeDataString(fixture.Fake.Issuer.AbsoluteUri)}");
    }

    private static string PathOf(Page redirect) => new Uri(redirect.Location ?? throw new InvalidOperationException($"{redirect.Status}: {redirect.Html}")).PathAndQuery;
}
