using System.Net;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace McpPlatform.AuthService.Tests;

[Collection(AuthServiceCollection.Name)]
public sealed class ApiKeyTests(AuthServiceApplication app, PlatformServers servers)
{
    [Fact]
    public async Task A_key_is_shown_once_and_exchanged_for_a_token_of_what_it_and_its_owner_may_do()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call", "mcp.servers.read", "db.query");
        var token = (await app.LogInAsync(username)).AccessToken;
        await using var audit = await app.ListenAsync<ActivityRecorded>();

        var made = await MakeAsync(token, ["mcp.tools.call", "mcp.servers.read", "tool:github/*", "server:*"]);
        var jwt = new JsonWebToken(await ExchangeOkAsync(made.Key));

        Assert.Equal((id.ToString(), username, made.Id.ToString()), (jwt.Subject, jwt.GetClaim("username").Value, jwt.GetClaim("sid").Value));
        Assert.Equal(["mcp.tools.call", "mcp.servers.read"], Claims(jwt, PlatformClaims.Permission));
        Assert.Equal(["tool:github/*", "server:*"], Claims(jwt, PlatformClaims.Limit));
        Assert.Equal(["user"], Claims(jwt, PlatformClaims.Role));
        Assert.InRange(jwt.ValidTo - jwt.IssuedAt, TimeSpan.FromSeconds(290), TimeSpan.FromSeconds(300));
        Assert.Equal(HttpStatusCode.OK, (await app.Client(jwt.EncodedToken).GetAsync("/api/auth/me")).StatusCode);
        var listed = Assert.Single((await GetAsync(token)).GetProperty("items").EnumerateArray());
        Assert.Equal(made.Key[..21], listed.GetProperty("prefix").GetString());
        Assert.Equal(JsonValueKind.String, listed.GetProperty("last_used_at").ValueKind);
        Assert.DoesNotContain(made.Key[22..40], listed.GetRawText(), StringComparison.Ordinal);
        var record = await audit.WaitForAsync(one => one.Action == "auth.api_keys.create" && one.UserId == id);
        Assert.DoesNotContain(made.Key[22..40], JsonSerializer.Serialize(record), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_its_owner_deletes_ends_at_once_with_its_tokens_and_nobody_else_can_delete_it()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call");
        var token = (await app.LogInAsync(username)).AccessToken;
        var made = await MakeAsync(token, ["mcp.tools.call"]);
        var given = await ExchangeOkAsync(made.Key);
        var (_, stranger) = await app.CreateAccountAsync();
        await using var revoked = await app.ListenAsync<AccessRevoked>();

        Assert.Equal(HttpStatusCode.NotFound, (await app.Client((await app.LogInAsync(stranger)).AccessToken).DeleteAsync($"/api/auth/api-keys/{made.Id}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await app.Client(given).GetAsync("/api/auth/me")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await app.Client(token).DeleteAsync($"/api/auth/api-keys/{made.Id}")).StatusCode);

        Assert.Equal(HttpStatusCode.Unauthorized, (await app.Client(given).GetAsync("/api/auth/me")).StatusCode);
        await RefusedAsync(await ExchangeAsync(made.Key));
        Assert.Equal(HttpStatusCode.NotFound, (await app.Client(token).DeleteAsync($"/api/auth/api-keys/{made.Id}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await app.Client(token).GetAsync("/api/auth/me")).StatusCode);
        var fact = await revoked.WaitForAsync(one => one.UserId == id);
        Assert.Equal((made.Id.ToString(), "api_key_deleted"), (fact.SessionId, fact.Reason));
    }

    [Fact]
    public async Task What_its_owner_loses_the_key_loses_and_a_disabled_owner_has_no_key()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call", "db.query");
        var made = await MakeAsync((await app.LogInAsync(username)).AccessToken, ["mcp.tools.call", "db.query"]);
        var given = await ExchangeOkAsync(made.Key);

        await app.PublishAsync(new GrantsChanged { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Version = 1, Roles = ["user"], Permissions = ["db.query"] });
        await AuthServiceApplication.EventuallyAsync(async () => (await app.Client(given).GetAsync("/api/auth/me")).StatusCode == HttpStatusCode.Unauthorized ? "ended" : null);
        Assert.Equal(["db.query"], Claims(new JsonWebToken(await ExchangeOkAsync(made.Key)), PlatformClaims.Permission));

        await app.PublishAsync(new UserDisabled { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, UserId = id, Version = 1 });
        await AuthServiceApplication.EventuallyAsync(async () => (await ExchangeAsync(made.Key)).StatusCode == HttpStatusCode.BadRequest ? "refused" : null);
    }

    [Fact]
    public async Task A_key_that_does_not_work_is_refused_the_same_whatever_is_wrong_with_it()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call");
        var token = (await app.LogInAsync(username)).AccessToken;
        var (expired, wrong) = (await MakeAsync(token, ["mcp.tools.call"]), await MakeAsync(token, ["mcp.tools.call"]));
        await app.InDatabaseAsync(db => db.ApiKeys.Where(key => key.Id == expired.Id).ExecuteUpdateAsync(set => set.SetProperty(key => key.ExpiresAt, DateTimeOffset.UtcNow.AddSeconds(-1))));
        await app.InDatabaseAsync(db => db.ApiKeys.Where(key => key.Id == wrong.Id).ExecuteUpdateAsync(set => set.SetProperty(key => key.Hash, new byte[32])));
        await using var audit = await app.ListenAsync<ActivityRecorded>();

        HashSet<string> answers = [];
        foreach (var key in (string[])[expired.Key, wrong.Key, wrong.Key, ApiKeyFormat.Create().Key, "mcpp_typo", "", "\u00e4", token, new string('x', 3000)])
        {
            using var answer = await ExchangeAsync(key);
            answers.Add($"{(int)answer.StatusCode} {(key.Length == 0 ? "" : JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("error"))}");
        }

        Assert.Equal(["400 ", "400 invalid_grant"], answers.Order(StringComparer.Ordinal));
        Assert.Equal("expired", (await audit.WaitForAsync(one => one.Action == "auth.api_keys.use" && one.Target == expired.Id.ToString())).Details!["reason"]);
        await app.LogInAsync(username);
        await audit.WaitForAsync(one => one.Action == "auth.login" && one.UserId == id);
        Assert.Single(audit.All(one => one.Action == "auth.api_keys.use" && one.Target == wrong.Id.ToString()));
    }

    [Fact]
    public async Task Only_the_gateway_exchanges_keys_and_only_keys()
    {
        var (_, username) = await app.CreateAccountAsync("mcp.tools.call");
        var login = await app.LogInAsync(username);
        var made = await MakeAsync(login.AccessToken, ["mcp.tools.call"]);

        using var another = await ExchangeAsync(made.Key, client: "another");
        using var wrongSecret = await ExchangeAsync(made.Key, secret: "not the gateway's secret");
        using var publicClient = await ExchangeAsync(made.Key, client: "console", secret: "");
        using var accessToken = await ExchangeAsync(login.AccessToken, type: "urn:ietf:params:oauth:token-type:access_token");
        using var refreshToken = await ExchangeAsync(login.RefreshToken, type: "urn:ietf:params:oauth:token-type:refresh_token");
        using var offline = await ExchangeAsync(made.Key, scope: "offline_access");

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized, HttpStatusCode.BadRequest), (another.StatusCode, wrongSecret.StatusCode, publicClient.StatusCode));
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (accessToken.StatusCode, refreshToken.StatusCode));
        Assert.DoesNotContain("\"refresh_token\"", await offline.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_key_gave_manages_nothing_of_its_owners_account()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call");
        var login = await app.LogInAsync(username);
        var given = await ExchangeOkAsync((await MakeAsync(login.AccessToken, ["mcp.tools.call"])).Key);

        Assert.Equal(HttpStatusCode.Forbidden, (await app.PostAsync("/api/auth/api-keys", new { name = "more", scopes = new[] { "mcp.tools.call" } }, given)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.Client(given).GetAsync("/api/auth/sessions")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.PostAsync("/api/auth/change-password", new { current_password = AuthServiceApplication.Password, new_password = "another long passphrase" }, given)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await app.PostAsync("/api/auth/logout", new { all = true }, given)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await app.Client(given).GetAsync("/api/auth/me")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await app.Client(login.AccessToken).GetAsync("/api/auth/me")).StatusCode);
        Assert.Equal(1, await app.InDatabaseAsync(db => db.Sessions.CountAsync(one => one.Subject == id.ToString())));
    }

    [Theory]
    [InlineData("""{"name":"x","scopes":["mcp.nothing"]}""", 400, "neither a permission")]
    [InlineData("""{"name":"x","scopes":["server:github"]}""", 400, "at least one permission")]
    [InlineData("""{"name":"x","scopes":[]}""", 400, "1 to 64")]
    [InlineData("""{"name":"x","scopes":[null]}""", 400, "neither a permission")]
    [InlineData("""{"name":"x"}""", 400, "scopes")]
    [InlineData("""{"name":"","scopes":["mcp.tools.call"]}""", 400, "name must")]
    [InlineData("""{"name":"a\nb","scopes":["mcp.tools.call"]}""", 400, "name must")]
    [InlineData("""{"name":"x","scopes":["mcp.tools.call"],"expires_at":"2020-01-01T00:00:00Z"}""", 400, "in the future")]
    [InlineData("""{"name":"x","scopes":["mcp.tools.call"],"expires_at":"9999-12-31T23:59:59Z"}""", 400, "a year")]
    [InlineData("""{"name":"x","scopes":["mcp.tools.call"],"expires_at":"soon"}""", 400, "")]
    [InlineData("""{"name":"x","scopes":["users.manage"]}""", 403, "no more than its maker")]
    [InlineData("""{"name":"x","scopes":["accounts.manage"]}""", 400, "neither a permission")]
    public async Task A_key_that_cannot_be_says_why(string body, int status, string why)
    {
        var (_, username) = await app.CreateAccountAsync("mcp.tools.call");

        using var response = await app.Client((await app.LogInAsync(username)).AccessToken)
            .PostAsync("/api/auth/api-keys", new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(why, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_has_more_than_fifty_keys_also_when_they_are_made_at_once()
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call");
        var token = (await app.LogInAsync(username)).AccessToken;
        await app.InDatabaseAsync(async db =>
        {
            db.ApiKeys.AddRange(Enumerable.Range(0, 48).Select(i => new ApiKeys.ApiKey
            {
                Id = Guid.CreateVersion7(), UserId = id, Name = "x", PublicName = ApiKeyFormat.Create().Name, Hash = [], Permissions = [], Limits = [],
                CreatedAt = DateTimeOffset.UtcNow, ExpiresAt = DateTimeOffset.UtcNow,
            }));
            return await db.SaveChangesAsync();
        });

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => app.PostAsync("/api/auth/api-keys", new { name = "x", scopes = new[] { "mcp.tools.call" } }, token)));

        Assert.Equal(2, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));
        Assert.Equal(4, answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict));
        var page = await GetAsync(token, "?limit=20");
        Assert.Equal(20, page.GetProperty("items").GetArrayLength());
        Assert.Equal(30, (await GetAsync(token, "?limit=100&cursor=" + page.GetProperty("next_cursor").GetString())).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_key_lives_ninety_days_unless_its_maker_says_otherwise_and_its_tokens_no_longer_than_it()
    {
        var (_, username) = await app.CreateAccountAsync("mcp.tools.call");
        var token = (await app.LogInAsync(username)).AccessToken;

        using var ninety = await app.PostAsync("/api/auth/api-keys", new { name = "x", scopes = new[] { "mcp.tools.call" } }, token);
        using var minute = await app.PostAsync("/api/auth/api-keys", new { name = "x", scopes = new[] { "mcp.tools.call" }, expires_at = DateTimeOffset.UtcNow.AddMinutes(1) }, token);

        var expires = (await AuthServiceApplication.JsonAsync(ninety)).GetProperty("expires_at").GetDateTimeOffset();
        Assert.InRange(expires - DateTimeOffset.UtcNow, TimeSpan.FromDays(89.9), TimeSpan.FromDays(90.1));
        var jwt = new JsonWebToken(await ExchangeOkAsync((await AuthServiceApplication.JsonAsync(minute)).GetProperty("key").GetString()!));
        Assert.InRange(jwt.ValidTo - jwt.IssuedAt, TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_secret_that_the_configuration_does_not_name_any_more_is_worth_nothing()
    {
        await using var first = new AuthServiceApplication(servers);
        await first.InitializeAsync();
        Assert.Equal(HttpStatusCode.OK, (await first.AskForServiceTokenAsync("another", AuthServiceApplication.ClientSecret)).StatusCode);

        await using var second = await first.RestartAsync(("ServiceClients:another", null), ("ServiceClients:userservice", "the new secret of userservice"));

        Assert.Equal(HttpStatusCode.Unauthorized, (await second.AskForServiceTokenAsync("another", AuthServiceApplication.ClientSecret)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.AskForServiceTokenAsync("userservice", AuthServiceApplication.ClientSecret)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await second.AskForServiceTokenAsync("userservice", "the new secret of userservice")).StatusCode);
    }

    private static List<string> Claims(JsonWebToken token, string type) => [.. token.Claims.Where(claim => claim.Type == type).Select(claim => claim.Value)];

    private async Task<(Guid Id, string Key)> MakeAsync(string token, string[] scopes)
    {
        using var response = await app.PostAsync("/api/auth/api-keys", new { name = "a key", scopes }, token);
        var made = await AuthServiceApplication.JsonAsync(response);
        return (made.GetProperty("id").GetGuid(), made.GetProperty("key").GetString()!);
    }

    private async Task<JsonElement> GetAsync(string token, string query = "") => await AuthServiceApplication.JsonAsync(await app.Client(token).GetAsync("/api/auth/api-keys" + query));

    private async Task<string> ExchangeOkAsync(string key)
    {
        var answer = await AuthServiceApplication.JsonAsync(await ExchangeAsync(key));
        Assert.Equal("urn:ietf:params:oauth:token-type:access_token", answer.GetProperty("issued_token_type").GetString());
        return answer.GetProperty("access_token").GetString()!;
    }

    private async Task<HttpResponseMessage> ExchangeAsync(
        string key, string client = "gateway", string secret = AuthServiceApplication.ClientSecret, string type = ApiKeyFormat.TokenType, string? scope = null)
    {
        Dictionary<string, string> form = new(StringComparer.Ordinal)
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange", ["subject_token"] = key, ["subject_token_type"] = type, ["client_id"] = client,
        };
        if (secret.Length > 0)
        {
            form["client_secret"] = secret;
        }

        if (scope is not null)
        {
            form["scope"] = scope;
        }

        return await app.Client().PostAsync("/connect/token", new FormUrlEncodedContent(form));
    }

    private static async Task RefusedAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("invalid_grant", JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetString());
    }
}
