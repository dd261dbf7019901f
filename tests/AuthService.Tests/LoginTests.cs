using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Messages;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Tests;

[Collection(AuthServiceCollection.Name)]
public sealed class LoginTests(AuthServiceApplication app)
{
    [Theory]
    [InlineData("/api/login")]
    [InlineData("/api/auth/login")]
    public async Task Login_gives_a_token_a_session_and_the_user(string path)
    {
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call");

        using var response = await app.PostAsync(path, new { username = username.ToUpperInvariant(), password = AuthServiceApplication.Password });

        var login = await AuthServiceApplication.JsonAsync(response);
        Assert.Equal("bearer", login.GetProperty("token_type").GetString());
        Assert.InRange(login.GetProperty("expires_in").GetInt32(), 7195, 7200);
        Assert.Equal((id, username), (login.GetProperty("user").GetProperty("id").GetGuid(), login.GetProperty("user").GetProperty("username").GetString()));
        Assert.Equal("mcp.tools.call", login.GetProperty("user").GetProperty("permissions")[0].GetString());
        using var me = await app.Client(login.GetProperty("access_token").GetString()).GetAsync("/api/auth/me");
        Assert.Equal(id, (await AuthServiceApplication.JsonAsync(me)).GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task Login_takes_a_form_too()
    {
        var (_, username) = await app.CreateAccountAsync();

        using var response = await app.Client().PostAsync("/api/login", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["username"] = username, ["password"] = AuthServiceApplication.Password,
        }));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Unknown_wrong_locked_and_disabled_give_the_same_answer()
    {
        var (_, wrong) = await app.CreateAccountAsync();
        var (_, locked) = await app.CreateAccountAsync();
        var (disabledId, disabled) = await app.CreateAccountAsync();
        await app.InDatabaseAsync(db => db.Users.Where(one => one.Id == disabledId).ExecuteUpdateAsync(set => set.SetProperty(one => one.IsActive, false)));
        await app.InDatabaseAsync(db => db.Users.Where(one => one.UserName == locked).ExecuteUpdateAsync(set => set.SetProperty(one => one.LockoutEnd, DateTimeOffset.UtcNow.AddMinutes(1))));

        (string, string)[] attempts =
        [
            ("nobody-at-all", AuthServiceApplication.Password), (wrong, "wrong password"), (locked, AuthServiceApplication.Password), (disabled, AuthServiceApplication.Password),
        ];
        HashSet<string> answers = [];
        foreach (var (username, password) in attempts)
        {
            using var response = await app.PostAsync("/api/login", new { username, password });
            var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
            answers.Add($"{(int)response.StatusCode} {response.Content.Headers.ContentType} {problem.GetProperty("title")} {problem.GetProperty("detail")}");
        }

        Assert.StartsWith("401 application/problem+json", Assert.Single(answers), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Five_wrong_guesses_lock_the_account_also_when_they_come_at_once()
    {
        var (_, username) = await app.CreateAccountAsync();

        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => app.PostAsync("/api/login", new { username, password = "a wrong guess" })));

        using var right = await app.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password });
        Assert.Equal(HttpStatusCode.Unauthorized, right.StatusCode);
        var (level, end) = await app.InDatabaseAsync(db => db.Users.Where(one => one.UserName == username).Select(one => new ValueTuple<int, DateTimeOffset?>(one.LockoutLevel, one.LockoutEnd)).SingleAsync());
        Assert.Equal(1, level);
        Assert.InRange(end!.Value - DateTimeOffset.UtcNow, TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(61));

        await app.InDatabaseAsync(db => db.Users.Where(one => one.UserName == username).ExecuteUpdateAsync(set => set.SetProperty(one => one.LockoutEnd, DateTimeOffset.UtcNow.AddSeconds(-1))));
        await app.LogInAsync(username);
    }

    [Fact]
    public async Task Right_logins_at_once_all_succeed_also_while_the_hash_is_upgraded()
    {
        var (id, username) = await app.CreateAccountAsync();
        var imported = BCrypt.Net.BCrypt.HashPassword(AuthServiceApplication.Password, 11);
        await app.InDatabaseAsync(db => db.Users.Where(one => one.Id == id).ExecuteUpdateAsync(set => set.SetProperty(one => one.PasswordHash, imported)));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => app.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password })));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.StartsWith("$2a$10$", await app.InDatabaseAsync(db => db.Users.Where(one => one.Id == id).Select(one => one.PasswordHash).SingleAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_caller_smuggles_in_changes_nothing()
    {
        var (_, username) = await app.CreateAccountAsync();

        using var response = await app.PostAsync("/api/login", new
        {
            username, password = AuthServiceApplication.Password, grant_type = "client_credentials", client_id = "userservice",
            client_secret = AuthServiceApplication.ClientSecret, scope = "openid", resource = "https://evil.example",
        });

        var login = await AuthServiceApplication.JsonAsync(response);
        Assert.Equal(username, login.GetProperty("user").GetProperty("username").GetString());
        using var accounts = await app.PostAsync("/internal/accounts", new { }, login.GetProperty("access_token").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, accounts.StatusCode);
    }

    [Fact]
    public async Task The_login_grant_does_not_exist_on_the_oauth_endpoint()
    {
        var (_, username) = await app.CreateAccountAsync();

        using var response = await app.Client().PostAsync("/connect/token", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "urn:mcpplatform:params:oauth:grant-type:login", ["client_id"] = "console", ["username"] = username, ["password"] = AuthServiceApplication.Password,
        }));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("unsupported_grant_type", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("\"text\"")]
    [InlineData("{\"username\":\"a\\u0000b\",\"password\":\"x\"}")]
    [InlineData("{\"username\":\"ann\"}")]
    [InlineData("{\"username\":{\"$ne\":1},\"password\":\"x\"}")]
    [InlineData("{\"username\":\"\\ud800\",\"password\":\"x\"}")]
    public async Task A_body_that_is_no_login_is_a_problem_and_never_an_error_of_ours(string body)
    {
        using var response = await app.Client().PostAsync("/api/login", new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.NotEmpty((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString()!);
    }

    [Theory]
    [InlineData("/api/login")]
    [InlineData("/api/auth/refresh")]
    [InlineData("/connect/token")]
    public async Task A_form_that_cannot_be_read_is_a_problem_and_never_an_error_of_ours(string path)
    {
        foreach (var form in (string[])["username=a%00b&password=x&refresh_token=a%00&grant_type=a%00", string.Concat(Enumerable.Repeat("a&", 1500)), "=&=&%%%"])
        {
            using var response = await app.Client().PostAsync(path, new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded"));

            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_login_and_a_refused_one_are_audited_and_the_login_is_announced()
    {
        var (id, username) = await app.CreateAccountAsync();
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        await using var logins = await app.ListenAsync<UserLoggedIn>();

        await app.PostAsync("/api/login", new { username, password = "wrong password" });
        await app.LogInAsync(username);

        var refused = await audit.WaitForAsync(one => one.Username == username && one.Outcome == ActivityOutcomes.Denied);
        var succeeded = await audit.WaitForAsync(one => one.UserId == id && one.Outcome == ActivityOutcomes.Succeeded);
        Assert.Equal(("auth.login", "auth.login", (Guid?)null), (refused.Action, succeeded.Action, refused.UserId));
        Assert.Equal(succeeded.Target, (await logins.WaitForAsync(one => one.UserId == id)).SessionId);
    }

    [Theory]
    [InlineData("GET", "/api/login")]
    [InlineData("PUT", "/api/auth/login")]
    [InlineData("DELETE", "/api/auth/refresh")]
    [InlineData("GET", "/connect/token")]
    public async Task Where_one_logs_in_only_POST_is_known(string method, string path)
    {
        using var response = await app.Client().SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), (response.StatusCode, Assert.Single(response.Content.Headers.Allow)));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_guess_is_audited_also_when_the_guesser_hangs_up()
    {
        var (_, username) = await app.CreateAccountAsync();
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        using var client = app.Client();
        using var hangUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(40));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.PostAsJsonAsync("/api/login", new { username, password = "a wrong guess" }, hangUp.Token));

        await audit.WaitForAsync(one => one.Username == username && one.Outcome == ActivityOutcomes.Denied);
    }
}
