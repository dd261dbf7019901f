using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tests.Credentials;

/// <summary>The platform as a client of the authorization servers of MCP servers.</summary>
[Collection(McpServiceCollection.Name)]
public sealed partial class OAuthTests(McpServiceApplication application) : IAsyncLifetime
{
    private readonly HttpClient admin = application.Admin();
    private readonly HttpClient browser = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly string server = McpServiceApplication.NewName();
    private ExampleMcpServer upstream = null!;
    private AuthorizationStandIn authority = null!;

    public async ValueTask InitializeAsync()
    {
        upstream = await ExampleMcpServer.StartAsync();
        authority = await AuthorizationStandIn.StartAsync();
        (authority.Resource, upstream.Tokens) = (upstream.Url, authority.Guard);
    }

    public async ValueTask DisposeAsync()
    {
        await admin.DeleteAsync($"/api/mcp/servers/{server}");
        admin.Dispose();
        browser.Dispose();
        await upstream.DisposeAsync();
        await authority.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_user_logs_in_and_is_shown_as_that_user_and_nobody_else(bool isModern)
    {
        upstream.Modern = isModern;
        await using var records = await application.ListenAsync<ActivityRecorded>();
        await RegisterAsync("user", new { type = "oauth_authorization_code" });
        var (anna, ben) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        using var annas = application.ClientFor(anna, "anna", McpServiceApplication.AllPermissions);
        using var bens = application.ClientFor(ben, "ben", McpServiceApplication.AllPermissions);
        var problem = await (await CallAsync(annas)).AssertProblemAsync(HttpStatusCode.Conflict);
        Assert.Contains($"/api/mcp/servers/{server}/login", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("needs_login", (await CredentialAsync(annas)).GetProperty("state").GetString());

        Assert.Contains("You are logged in", await LogInAsync(annas, anna, "anna-upstream"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await CallAsync(bens)).StatusCode);
        Assert.Contains("You are logged in", await LogInAsync(bens, ben, "ben-upstream"), StringComparison.Ordinal);
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), ((await CallAsync(annas, "anna-upstream")).StatusCode, (await CallAsync(bens, "ben-upstream")).StatusCode));
        }

        var calls = upstream.Received.Where(message => (string?)message.Message["method"] == "tools/call").ToList();
        Assert.Equal(6, calls.Count);
        Assert.All(calls, call => Assert.Equal((string?)call.Message["params"]!["arguments"]!["message"], authority.AccessTokens[call.Headers.Authorization.ToString()["Bearer ".Length..]]));

        // One registration for both; the tokens stand nowhere in clear, and no answer shows them.
        Assert.Equal("http://platform.test/api/mcp/oauth/callback", (string?)Assert.Single(authority.Registered)["redirect_uris"]![0]);
        var shown = await CredentialAsync(annas);
        Assert.Equal(("ok", "files:read"), (shown.GetProperty("state").GetString(), shown.GetProperty("login").GetProperty("scopes")[0].GetString()));
        Assert.DoesNotContain(authority.AccessTokens.Keys.First(), shown.GetRawText(), StringComparison.Ordinal);
        await records.WaitForAsync(record => record.Action == "mcp.credentials.login" && record.Outcome == ActivityOutcomes.Succeeded && record.UserId == ben);
        Assert.DoesNotContain(records.All(_ => true), record => authority.AccessTokens.Keys.Any(JsonSerializer.Serialize(record).Contains));

        // One who logs out ends it at the authorization server too, and only for themselves.
        Assert.Equal(HttpStatusCode.NoContent, (await annas.DeleteAsync($"/api/mcp/servers/{server}/credential/me")).StatusCode);
        Assert.StartsWith("refresh-", Assert.Single(authority.Revoked), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await CallAsync(annas)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(bens)).StatusCode);
    }

    [Fact]
    public async Task A_login_is_finished_by_who_began_it_and_once()
    {
        await RegisterAsync("user", new { type = "oauth_authorization_code" });
        var (anna, mallory) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        using var annas = application.ClientFor(anna, "anna", McpServiceApplication.AllPermissions);
        var ticket = await BeginAsync(annas);
        Assert.Equal(HttpStatusCode.Unauthorized, (await OpenAsync($"/api/mcp/oauth/start?login={ticket}", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await OpenAsync($"/api/mcp/oauth/start?login={ticket}", mallory)).StatusCode);
        var callback = await AuthorizeAsync(ticket, anna, "anna-upstream");
        Assert.Equal(HttpStatusCode.Forbidden, (await OpenAsync(callback, mallory)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await OpenAsync(callback, null)).StatusCode);
        Assert.Empty(authority.Asked);

        // Nobody has used it up; and two at once are one.
        var answers = await Task.WhenAll(OpenAsync(callback, anna), OpenAsync(callback, anna));
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.BadRequest], answers.Select(answer => answer.StatusCode).Order());
        Assert.Single(authority.Asked);
        Assert.Equal(HttpStatusCode.BadRequest, (await OpenAsync("/api/mcp/oauth/callback?state=made-up&code=x", anna)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await OpenAsync("/api/mcp/oauth/callback", anna)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await OpenAsync("/api/mcp/oauth/start", anna)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(annas)).StatusCode);
    }

    [Fact]
    public async Task Tokens_are_renewed_before_they_end_by_one_for_all()
    {
        await RegisterAsync("server", new { type = "oauth_authorization_code" });
        var user = Guid.CreateVersion7();
        using var manager = application.ClientFor(user, "manager", McpServiceApplication.AllPermissions);
        authority.Lifetime = 1;
        await LogInAsync(manager, user, "shared");
        var (replica, other) = application.StartReplicaFor(Guid.CreateVersion7());
        await using var stop = replica;
        using var others = other;
        await UntilAsync(() => application.InDatabaseAsync(async db => await db.UpstreamTokens.AnyAsync(row => row.RenewAt < DateTimeOffset.UtcNow && db.Servers.Any(x => x.Id == row.ServerId && x.Name == server))));
        authority.Lifetime = 3600;

        // The monitor may be the one who renews it.
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(index => (index % 2 == 0 ? manager : others).GetAsync($"/api/mcp/servers/{server}/tools")));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        var refreshes = authority.Asked.Where(form => form["grant_type"] == "refresh_token").Select(form => form["refresh_token"]).ToList();
        Assert.Equal(refreshes.Distinct(), refreshes);
        var count = refreshes.Count;

        // One that the server refuses before its time is renewed too, and the request sent again.
        authority.AccessTokens.Clear();
        answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(index => (index % 2 == 0 ? manager : others).GetAsync($"/api/mcp/servers/{server}/tools")));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        refreshes = [.. authority.Asked.Where(form => form["grant_type"] == "refresh_token").Select(form => form["refresh_token"])];
        Assert.Equal((count + 1, count + 1), (refreshes.Count, refreshes.Distinct().Count()));
    }

    [Fact]
    public async Task A_login_that_is_not_renewed_is_told_and_not_tried_again()
    {
        await RegisterAsync("user", new { type = "oauth_authorization_code" });
        var user = Guid.CreateVersion7();
        using var caller = application.ClientFor(user, "caller", McpServiceApplication.AllPermissions);
        await LogInAsync(caller, user, "caller-upstream");
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(caller)).StatusCode);
        authority.ForgetsLogins = true;
        authority.AccessTokens.Clear();
        var problem = await (await CallAsync(caller)).AssertProblemAsync(HttpStatusCode.Conflict);
        Assert.Contains("/login", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret details", problem.GetRawText(), StringComparison.Ordinal);
        var asked = authority.Asked.Count;
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal(HttpStatusCode.Conflict, (await CallAsync(caller)).StatusCode);
        }

        Assert.Equal(asked, authority.Asked.Count);
        var credential = await CredentialAsync(caller);
        Assert.Equal(("needs_login", "needs_login"), (credential.GetProperty("state").GetString(), credential.GetProperty("login").GetProperty("state").GetString()));
        authority.ForgetsLogins = false;
        await LogInAsync(caller, user, "caller-upstream");
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(caller)).StatusCode);
    }

    [Fact]
    public async Task An_authorization_server_that_is_down_is_not_asked_by_every_call()
    {
        await RegisterAsync("server", new { type = "oauth_client_credentials", client_id = AuthorizationStandIn.ClientId, client_secret = AuthorizationStandIn.ClientSecret });
        authority.IsDown = true;
        for (var round = 0; round < 10; round++)
        {
            await (await CallAsync(admin)).AssertProblemAsync(HttpStatusCode.BadGateway);
        }

        Assert.InRange(authority.Asked.Count, 1, 3);
        authority.IsDown = false;
        await UntilAsync(async () => (await CallAsync(admin)).StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_platform_itself_is_a_client()
    {
        await RegisterAsync("server", new { type = "oauth_client_credentials", client_id = AuthorizationStandIn.ClientId, client_secret = AuthorizationStandIn.ClientSecret, scopes = new[] { "a", "b" } });
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(admin)).StatusCode);
        var asked = authority.Asked.First();
        Assert.Equal(("a b", upstream.Url), (asked["scope"], asked["resource"]));
        Assert.Single(authority.Asked);
        var shown = (await CredentialAsync(admin)).GetRawText();
        Assert.DoesNotContain(AuthorizationStandIn.ClientSecret, shown, StringComparison.Ordinal);
        Assert.Contains(AuthorizationStandIn.ClientId, shown, StringComparison.Ordinal);
        await (await admin.PostAsync($"/api/mcp/servers/{server}/login", null)).AssertProblemAsync(HttpStatusCode.Conflict);

        // Not the secret in another place, and no way back to it.
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"/api/mcp/servers/{server}/auth")).StatusCode);
        Assert.Equal((0, 0), await application.InDatabaseAsync(async db => (
            await db.UpstreamTokens.CountAsync(row => db.Servers.Any(x => x.Id == row.ServerId && x.Name == server)), await db.UpstreamClients.CountAsync(row => db.Servers.Any(x => x.Id == row.ServerId && x.Name == server)))));
        await UntilAsync(async () => (await CallAsync(admin)).StatusCode == HttpStatusCode.BadGateway);
    }

    [Fact]
    public async Task A_callers_token_is_exchanged_where_the_operator_says_and_shown_to_no_mcp_server()
    {
        await RegisterAsync("server", null);
        await (await admin.PutAsJsonAsync($"/api/mcp/servers/{server}/auth", new { type = "token_exchange", exchange = "theirs" })).AssertInvalidAsync("exchange");
        var user = Guid.CreateVersion7();
        var (replica, caller) = application.StartReplicaFor(user, new(StringComparer.Ordinal)
        {
            ["TokenExchange:Endpoints:ours:TokenEndpoint"] = authority.Issuer + "/token", ["TokenExchange:Endpoints:ours:ClientId"] = AuthorizationStandIn.ClientId,
            ["TokenExchange:Endpoints:ours:ClientSecret"] = AuthorizationStandIn.ClientSecret,
        });
        await using var stop = replica;
        using var callers = caller;
        await (await caller.PutAsJsonAsync($"/api/mcp/servers/{server}/auth", new { type = "token_exchange", exchange = "theirs" })).AssertInvalidAsync("exchange");
        Assert.Equal(HttpStatusCode.OK, (await caller.PutAsJsonAsync($"/api/mcp/servers/{server}/auth", new { type = "token_exchange", exchange = "ours" })).StatusCode);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ => Assert.Equal(HttpStatusCode.OK, (await CallAsync(caller)).StatusCode)));
        Assert.Single(authority.Asked);
        Assert.Equal($"subject-of-{user}", Assert.Single(authority.AccessTokens).Value);
        var token = callers.DefaultRequestHeaders.Authorization!.Parameter!;
        Assert.Equal(token, authority.Asked.First()["subject_token"]);
        Assert.DoesNotContain(upstream.Received, message => message.Headers.Authorization.ToString().Contains(token, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("issuer", "another name")]
    [InlineData("pkce", "PKCE")]
    [InlineData("resource", "another resource")]
    [InlineData("endpoint", "no authorization endpoint")]
    [InlineData("registration", "client_id")]
    [InlineData("metadata", "no metadata")]
    [InlineData("address", "OUTBOUND_ALLOW")]
    [InlineData("huge", "larger than")]
    public async Task Nobody_is_sent_to_an_authorization_server_that_lies(string lie, string expected)
    {
        await RegisterAsync("user", lie switch
        {
            "metadata" => new { type = "oauth_authorization_code", issuer = upstream.Url.Replace("/mcp", "/nothing", StringComparison.Ordinal) },
            "address" => new { type = "oauth_authorization_code", issuer = "http://169.254.169.254/latest" },
            _ => (object)new { type = "oauth_authorization_code" },
        });
        authority.OtherResource = lie == "resource" ? "https://mcp.example.invalid/mcp" : null;
        authority.Lies = document =>
        {
            document["issuer"] = lie == "issuer" ? "https://issuer.example.invalid" : authority.Issuer;
            document["authorization_endpoint"] = lie == "endpoint" ? "javascript:alert(1)" : document["authorization_endpoint"]!.DeepClone();
            document["padding"] = new string('x', lie == "huge" ? 100_000 : 1);
            if (lie == "pkce")
            {
                document.Remove("code_challenge_methods_supported");
            }
            else if (lie == "registration")
            {
                document.Remove("registration_endpoint");
            }
        };
        var problem = await (await admin.PostAsync($"/api/mcp/servers/{server}/login", null)).AssertProblemAsync(HttpStatusCode.BadGateway);
        Assert.Contains(expected, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("iss", "https://issuer.example.invalid")]
    [InlineData("iss", null)]
    [InlineData("error", "access_denied")]
    [InlineData("code", "made-up")]
    public async Task An_answer_that_is_not_from_there_or_is_a_refusal_logs_nobody_in(string name, string? value)
    {
        await RegisterAsync("user", new { type = "oauth_authorization_code" });
        var user = Guid.CreateVersion7();
        using var caller = application.ClientFor(user, "caller", McpServiceApplication.AllPermissions);
        authority.LiesToTheBrowser = answer =>
        {
            answer[name] = value;
            if (value is null)
            {
                answer.Remove(name);
            }
        };
        Assert.Contains("This did not work", await LogInAsync(caller, user, "account"), StringComparison.Ordinal);
        Assert.Empty(authority.AccessTokens);
        Assert.Equal("needs_login", (await CredentialAsync(caller)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task Settings_that_make_no_sense_are_refused()
    {
        await RegisterAsync("server", null);
        (object Body, string Field)[] requests =
        [
            (new { }, "type"), (new { type = "magic" }, "type"), (new { type = "oauth_client_credentials", client_id = "x" }, "client_secret"),
            (new { type = "oauth_authorization_code", client_secret = "x" }, "client_id"), (new { type = "oauth_authorization_code", issuer = "ftp://x" }, "issuer"),
            (new { type = "oauth_authorization_code", scopes = new[] { "with space" } }, "scopes"), (new { type = "oauth_authorization_code", exchange = "x" }, "exchange"),
            (new { type = "token_exchange", client_id = "x" }, "client_id"), (new { type = "token_exchange" }, "exchange"),
        ];
        foreach (var (body, field) in requests)
        {
            await (await admin.PutAsJsonAsync($"/api/mcp/servers/{server}/auth", body)).AssertInvalidAsync(field);
        }

        using var ordinary = application.ClientWith(Permissions.McpToolsCall, Permissions.McpServersRead);
        Assert.Equal(HttpStatusCode.Forbidden, (await ordinary.PutAsJsonAsync($"/api/mcp/servers/{server}/auth", new { type = "oauth_authorization_code" })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.PutAsJsonAsync($"/api/mcp/servers/{server}/auth", new { type = "oauth_authorization_code" })).StatusCode);
        await (await ordinary.PostAsync($"/api/mcp/servers/{server}/login", null)).AssertProblemAsync(HttpStatusCode.Forbidden);
        Assert.Equal(
            ["TokenExchange__Endpoints__x__TokenEndpoint", "TokenExchange__Endpoints__x__ClientId"],
            new TokenExchangeOptionsValidator().Validate(null, new() { Endpoints = { ["x"] = new() { TokenEndpoint = "not-an-address" } } }).Failures!.Select(failure => failure.Split(' ')[0]));
    }

    [Fact]
    public async Task The_platform_says_who_it_is()
    {
        using var anybody = application.Anonymous();
        var document = await anybody.GetFromJsonAsync<JsonObject>("/api/mcp/oauth/client");
        Assert.Equal("http://platform.test/api/mcp/oauth/client", (string?)document!["client_id"]);
        Assert.Equal("http://platform.test/api/mcp/oauth/callback", (string?)document["redirect_uris"]![0]);
        Assert.Equal("none", (string?)document["token_endpoint_auth_method"]);
    }

    private async Task RegisterAsync(string owner, object? auth)
    {
        Assert.Equal(HttpStatusCode.Created, (await admin.PostAsJsonAsync("/api/mcp/servers", new { name = server, url = upstream.Url, credential_owner = owner })).StatusCode);
        if (auth is not null)
        {
            Assert.Equal(HttpStatusCode.OK, (await admin.PutAsJsonAsync($"/api/mcp/servers/{server}/auth", auth)).StatusCode);
        }
    }

    private Task<HttpResponseMessage> CallAsync(HttpClient caller, string message = "hello") =>
        caller.PostAsJsonAsync($"/api/mcp/servers/{server}/tools/echo/call", new { arguments = new { message } });

    private async Task<JsonElement> CredentialAsync(HttpClient caller) => await (await caller.GetAsync($"/api/mcp/servers/{server}/credential")).JsonAsync();

    /// <summary>All that a person does, in a browser where that user is logged in at the platform.</summary>
    private async Task<string> LogInAsync(HttpClient caller, Guid user, string account) =>
        await (await OpenAsync(await AuthorizeAsync(await BeginAsync(caller), user, account), user)).Content.ReadAsStringAsync();

    private async Task<string> BeginAsync(HttpClient caller)
    {
        var answer = await caller.PostAsync($"/api/mcp/servers/{server}/login", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var url = (await answer.JsonAsync()).GetProperty("authorization_url").GetString()!;
        Assert.StartsWith("http://platform.test/connect/identify?login=", url, StringComparison.Ordinal);
        return url.Split('=')[1];
    }

    private async Task<string> AuthorizeAsync(string ticket, Guid user, string account)
    {
        using var page = await OpenAsync($"/api/mcp/oauth/start?login={ticket}", user);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("frame-ancestors 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var address = WebUtility.HtmlDecode(Link().Match(await page.Content.ReadAsStringAsync()).Groups[1].Value);
        using var answer = await browser.GetAsync($"{address}&account={account}");
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        return answer.Headers.Location!.PathAndQuery;
    }

    private async Task<HttpResponseMessage> OpenAsync(string path, Guid? user)
    {
        using var anybody = application.Anonymous();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (user is not null)
        {
            request.Headers.Add("Cookie", $"{TestIssuer.BrowserCookie}={user}");
        }

        return await anybody.SendAsync(request);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await isSo())
        {
            await Task.Delay(50, patience.Token);
        }
    }

    [GeneratedRegex("<a href=\"([^\"]+)\"")]
    private static partial Regex Link();
}
