using System.Net;
using System.Text.Json;
using McpPlatform.Contracts.Messages;
using static McpPlatform.AuthService.Tests.AuthServiceApplication;

namespace McpPlatform.AuthService.Tests.Authorization;

[Collection(AuthServiceCollection.Name)]
public sealed class AuthorizeTests(AuthServiceApplication app)
{
    [Fact]
    public async Task Login_consent_code_and_token_for_what_was_asked_and_no_more_than_the_user_has()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call", "mcp.servers.read", "db.query");
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();

        var login = await browser.GetAsync(client.Address(("scope", "mcp.tools.call users.manage offline_access"), ("resource", Issuer + "mcp")));
        Assert.Equal(HttpStatusCode.OK, login.Status);
        var loggedIn = await OAuthClient.LogInAsync(browser, login, username);
        Assert.Equal(HttpStatusCode.SeeOther, loggedIn.Status);
        var consent = await browser.GetAsync(loggedIn.Location!);
        Assert.Contains("call tools of MCP servers.", consent.Html, StringComparison.Ordinal);
        Assert.Contains("You do not have this permission", consent.Html, StringComparison.Ordinal);
        Assert.Contains("client.example", consent.Html, StringComparison.Ordinal);
        var answer = (await OAuthClient.AllowAsync(browser, consent)).Answer;

        Assert.Equal(("the state", Issuer), (answer["state"], answer["iss"]));
        var tokens = await JsonAsync(await client.RedeemAsync(answer["code"]));
        var payload = OAuthClient.Payload(tokens);
        Assert.Equal(id, payload.GetProperty("sub").GetGuid());
        Assert.Equal(client.Id, payload.GetProperty("client_id").GetString());
        Assert.Equal([Issuer + "mcp"], OAuthClient.List(payload, "aud"));
        Assert.Equal(["mcp.tools.call"], OAuthClient.List(payload, "permissions"));
        Assert.True(tokens.TryGetProperty("refresh_token", out _));
    }

    [Fact]
    public async Task A_client_that_asks_for_nothing_gets_what_an_MCP_client_needs()
    {
        var (_, username) = await app.CreateAccountAsync("mcp.tools.call", "mcp.servers.read", "db.query");
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();

        var payload = OAuthClient.Payload(await JsonAsync(await client.RedeemAsync(await client.CodeAsync(browser, username))));

        Assert.Equal([Issuer + "mcp"], OAuthClient.List(payload, "aud"));
        Assert.Equal(["mcp.servers.read", "mcp.tools.call"], OAuthClient.List(payload, "permissions"));
    }

    [Theory]
    [InlineData("code_challenge", null, "invalid_request")]
    [InlineData("code_challenge_method", "plain", "invalid_request")]
    [InlineData("code_challenge_method", null, "invalid_request")]
    [InlineData("scope", "mcp.tools.call everything", "invalid_scope")]
    [InlineData("resource", "https://elsewhere.example/mcp", "invalid_target")]
    [InlineData("resource", "http://platform.test/mcp/", "invalid_target")]
    [InlineData("resource", "http://platform.test/mcp/Not A Bundle", "invalid_target")]
    [InlineData("response_type", "token", "unsupported_response_type")]
    [InlineData("response_mode", "fragment", "invalid_request")]
    [InlineData("prompt", "none", "login_required")]
    public async Task What_is_wrong_is_told_to_the_client_with_the_issuer(string parameter, string? value, string error)
    {
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();

        var page = await browser.GetAsync(client.Address((parameter, value)));

        Assert.StartsWith(OAuthClient.Https + "?", page.Location, StringComparison.Ordinal);
        Assert.Equal((error, "the state", Issuer), (page.Answer["error"], page.Answer["state"], page.Answer["iss"]));
    }

    [Theory]
    [InlineData("client_id", "nobody")]
    [InlineData("client_id", null)]
    [InlineData("client_id", "a\0b")]
    [InlineData("client_id", "console")]
    [InlineData("redirect_uri", "https://evil.example/callback")]
    [InlineData("redirect_uri", "https://client.example/callback/../x")]
    [InlineData("redirect_uri", "https://client.example/callback#fragment")]
    [InlineData("redirect_uri", null)]
    [InlineData("redirect_uri", "javascript:alert(1)")]
    [InlineData("request", "eyJhbGciOiJub25lIn0.e30.")]
    public async Task Nobody_is_sent_to_an_address_that_is_not_the_clients(string parameter, string? value)
    {
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();

        var page = await browser.GetAsync(client.Address((parameter, value)));

        if (parameter == "request")
        {
            Assert.StartsWith(OAuthClient.Https, page.Location, StringComparison.Ordinal);
            return;
        }

        Assert.Equal((HttpStatusCode.BadRequest, null), (page.Status, page.Location));
        Assert.DoesNotContain("<script", page.Html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("evil", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deny_is_told_to_the_client_and_audited()
    {
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var consent = await browser.GetAsync((await OAuthClient.LogInAsync(browser, await browser.GetAsync(client.Address()), username)).Location!);

        var answer = (await browser.SubmitAsync(consent, "/connect/authorize", ("decision", "deny"))).Answer;

        Assert.Equal(("access_denied", "the state", Issuer), (answer["error"], answer["state"], answer["iss"]));
        var record = await audit.WaitForAsync(record => record.Action == "oauth.consent" && record.Target == client.Id);
        Assert.Equal((ActivityOutcomes.Denied, username), (record.Outcome, record.Username));
    }

    [Fact]
    public async Task Consent_is_remembered_for_the_same_and_asked_again_for_more()
    {
        var (_, username) = await app.CreateAccountAsync("mcp.tools.call");
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        await client.CodeAsync(browser, username, ("scope", "mcp.tools.call"));

        Assert.True((await browser.GetAsync(client.Address(("scope", "mcp.tools.call")))).Answer.ContainsKey("code"));
        Assert.True((await browser.GetAsync(client.Address(("scope", "mcp.tools.call"), ("prompt", "none")))).Answer.ContainsKey("code"));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(client.Address(("scope", "mcp.tools.call"), ("prompt", "consent")))).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(client.Address(("scope", "mcp.tools.call db.query")))).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(client.Address(("scope", "mcp.tools.call"), ("resource", "urn:mcpplatform:api")))).Status);
        Assert.Equal("consent_required", (await browser.GetAsync(client.Address(("scope", "db.query"), ("prompt", "none")))).Answer["error"]);
    }

    [Fact]
    public async Task A_client_whose_session_the_user_ends_has_to_ask_again_and_another_has_not()
    {
        var (_, username) = await app.CreateAccountAsync("mcp.tools.call");
        var (client, other) = (await OAuthClient.RegisterAsync(app), await OAuthClient.RegisterAsync(app));
        using var browser = app.Browser();
        var tokens = await JsonAsync(await client.RedeemAsync(await client.CodeAsync(browser, username)));
        await OAuthClient.AllowAsync(browser, await browser.GetAsync(other.Address()));
        var (mine, _) = await app.LogInAsync(username);

        using var ended = await app.Client(mine).DeleteAsync("/api/auth/sessions/" + OAuthClient.Payload(tokens).GetProperty("sid").GetString());

        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.Contains("name=\"decision\"", (await browser.GetAsync(client.Address())).Html, StringComparison.Ordinal);
        Assert.True((await browser.GetAsync(other.Address())).Answer.ContainsKey("code"));
    }

    [Fact]
    public async Task Where_any_program_could_take_the_code_the_user_is_asked_each_time()
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app, OAuthClient.Loopback);
        using var browser = app.Browser();
        await client.CodeAsync(browser, username);

        var again = await browser.GetAsync(client.Address());

        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.Contains("a program on this computer", again.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_port_of_a_loopback_address_is_free_and_the_rest_is_not()
    {
        var client = await OAuthClient.RegisterAsync(app, OAuthClient.Loopback);
        using var browser = app.Browser();

        Assert.Contains("<form", (await browser.GetAsync(client.Address(("redirect_uri", "http://127.0.0.1:5/callback")))).Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(client.Address(("redirect_uri", "http://127.0.0.1:5/other")))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(client.Address(("redirect_uri", "http://localhost:5/callback")))).Status);
    }

    [Theory]
    [InlineData("prompt", "login")]
    [InlineData("max_age", "0")]
    [InlineData("max_age", "-5")]
    public async Task Whoever_must_log_in_again_does_so_once(string parameter, string value)
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        await client.CodeAsync(browser, username);
        await Task.Delay(5);

        var login = await browser.GetAsync(client.Address((parameter, value), ("scope", "openid")));
        Assert.Contains("name=\"password\"", login.Html, StringComparison.Ordinal);
        var consent = await browser.GetAsync((await OAuthClient.LogInAsync(browser, login, username)).Location!);
        Assert.True((await OAuthClient.AllowAsync(browser, consent)).Answer.ContainsKey("code"));
    }

    [Fact]
    public async Task Twelve_that_redeem_one_code_at_once_get_one_token()
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var code = await client.CodeAsync(browser, username);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => client.RedeemAsync(code)));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.All(answers.Where(answer => answer.StatusCode != HttpStatusCode.OK), answer => Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode));
    }

    [Fact]
    public async Task A_code_that_is_used_again_ends_what_it_gave()
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        var code = await client.CodeAsync(browser, username, ("resource", "urn:mcpplatform:api"));
        var tokens = await JsonAsync(await client.RedeemAsync(code));
        var access = tokens.GetProperty("access_token").GetString();
        Assert.Equal(HttpStatusCode.OK, (await app.Client(access).GetAsync("/api/auth/me")).StatusCode);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), await OAuthClient.ErrorAsync(await client.RedeemAsync(code)));

        await EventuallyAsync(async () => (await app.Client(access).GetAsync("/api/auth/me")).StatusCode == HttpStatusCode.Unauthorized ? "ended" : null);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), await OAuthClient.ErrorAsync(await client.RefreshAsync(tokens.GetProperty("refresh_token").GetString()!)));
    }

    [Theory]
    [InlineData("code_verifier", "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong", "invalid_grant")]
    [InlineData("redirect_uri", "https://client.example/other", "invalid_grant")]
    [InlineData("code", "made-up", "invalid_grant")]
    [InlineData("code", "a\0b", "")]
    [InlineData("client_id", "nobody", "invalid_client")]
    public async Task A_code_works_only_for_whom_it_was_made(string field, string value, string error)
    {
        var (_, username) = await app.CreateAccountAsync();
        var client = await OAuthClient.RegisterAsync(app);
        using var browser = app.Browser();
        Dictionary<string, string> fields = new()
        {
            ["grant_type"] = "authorization_code", ["client_id"] = client.Id, ["code"] = await client.CodeAsync(browser, username),
            ["redirect_uri"] = client.RedirectUri, ["code_verifier"] = client.Verifier, [field] = value,
        };

        using var response = await app.Client().PostAsync("/connect/token", new FormUrlEncodedContent(fields));

        Assert.InRange((int)response.StatusCode, 400, 401);
        Assert.Contains(error, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_with_too_many_fields_is_refused_and_no_error_of_ours()
    {
        foreach (var path in (string[])["/connect/authorize", "/connect/token", "/connect/revoke", "/connect/login", "/connect/userinfo"])
        {
            using var response = await app.Client().PostAsync(path, new StringContent(string.Concat(Enumerable.Repeat("a&", 1500)), null, "application/x-www-form-urlencoded"));
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }
    }

    [Fact]
    public async Task Discovery_says_what_an_MCP_client_looks_for()
    {
        var document = JsonDocument.Parse(await app.Client().GetStringAsync("/.well-known/oauth-authorization-server")).RootElement;

        Assert.Equal(Issuer, document.GetProperty("issuer").GetString());
        foreach (var (endpoint, path) in new[] { ("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("registration_endpoint", "register"), ("revocation_endpoint", "revoke"), ("userinfo_endpoint", "userinfo") })
        {
            Assert.Equal($"{Issuer}connect/{path}", document.GetProperty(endpoint).GetString());
        }

        Assert.Equal(["S256"], OAuthClient.List(document, "code_challenge_methods_supported"));
        Assert.Equal(["query"], OAuthClient.List(document, "response_modes_supported"));
        Assert.All(
            (string[])["token_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported"],
            methods => Assert.Equal(["client_secret_basic", "client_secret_post", "none"], OAuthClient.List(document, methods)));
        Assert.Equal(
            ["authorization_code", "client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"], OAuthClient.List(document, "grant_types_supported"));
        Assert.Equal(["code"], OAuthClient.List(document, "response_types_supported"));
        Assert.All((string[])["mcp.tools.call", "offline_access", "openid"], scope => Assert.Contains(scope, OAuthClient.List(document, "scopes_supported")));
        Assert.True(document.GetProperty("client_id_metadata_document_supported").GetBoolean());
        Assert.True(document.GetProperty("authorization_response_iss_parameter_supported").GetBoolean());
    }
}
