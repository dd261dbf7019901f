using System.Net;
using System.Text;
using System.Text.Json;
using McpPlatform.AuthService.SecondFactor;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace McpPlatform.AuthService.Tests;

[Collection(AuthServiceCollection.Name)]
public sealed class TotpTests(AuthServiceApplication app, PlatformServers servers)
{
    private const string OldKey = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", NewKey = "new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Codes_are_those_of_the_standards_examples(long seconds, string code) =>
        Assert.Equal(code, TotpCode.Compute("12345678901234567890"u8.ToArray(), TotpCode.StepOf(DateTimeOffset.FromUnixTimeSeconds(seconds))));

    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Secrets_are_written_as_the_standard_says(string text, string base32) => Assert.Equal(base32, TotpCode.Base32(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void A_clock_may_be_off_by_one_step_and_not_by_two()
    {
        var secret = "12345678901234567890"u8.ToArray();
        var now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_015);
        var step = TotpCode.StepOf(now);

        Assert.Equal([step - 1, step, step + 1], Enumerable.Range(-1, 3).Select(off => TotpCode.Find(secret, TotpCode.Compute(secret, step + off), now)));
        Assert.All((long[])[step - 2, step + 2], far => Assert.Null(TotpCode.Find(secret, TotpCode.Compute(secret, far), now)));
        Assert.All((string?[])[null, "", "12345", "1234567", "١٢٣٤٥٦", "abcdef"], code => Assert.Null(TotpCode.Find(secret, code, now)));
    }

    [Fact]
    public async Task Whoever_has_a_second_factor_logs_in_with_it_and_each_code_works_once()
    {
        var user = await EnrolledAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => LogInAsync(user, Code(user, 1))));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(user, Code(user, 1))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(user, Code(user, 0))).StatusCode);
    }

    [Fact]
    public async Task Without_the_code_nobody_learns_that_the_password_was_right()
    {
        var user = await EnrolledAsync();
        var (_, without) = await app.CreateAccountAsync();

        HashSet<string> answers = [];
        foreach (var (username, password, otp) in ((string, string, string?)[])
            [(user.Username, AuthServiceApplication.Password, null), (user.Username, AuthServiceApplication.Password, "000000"), (user.Username, "wrong password", Code(user, 1)), (without, "wrong password", null), ("nobody", "wrong password", "000000")])
        {
            using var response = await app.PostAsync("/api/login", new { username, password, otp });
            var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
            answers.Add($"{(int)response.StatusCode} {problem.GetProperty("title")} {problem.GetProperty("detail")}");
        }

        Assert.Contains("'otp'", Assert.Single(answers), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(user, Code(user, 1))).StatusCode);
    }

    [Fact]
    public async Task A_wrong_code_is_a_failed_login_and_five_lock()
    {
        var user = await EnrolledAsync();

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => LogInAsync(user, "000000")));

        Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(user, Code(user, 1))).StatusCode);
        Assert.Equal(1, await app.InDatabaseAsync(db => db.Users.Where(one => one.Id == user.Id).Select(one => one.LockoutLevel).SingleAsync()));
    }

    [Fact]
    public async Task A_recovery_code_stands_in_once_and_is_on_record()
    {
        var user = await EnrolledAsync();
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        Assert.Equal(10, user.RecoveryCodes.Distinct().Count());

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => LogInAsync(user, user.RecoveryCodes[0].ToUpperInvariant())));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(user, user.RecoveryCodes[1].Replace("-", "", StringComparison.Ordinal))).StatusCode);
        await audit.WaitForAsync(one => one.Action == "auth.recovery_code.use" && one.UserId == user.Id);
        var stored = await app.InDatabaseAsync(db => db.RecoveryCodes.Where(code => code.UserId == user.Id).ToListAsync());
        Assert.Equal((10, 2), (stored.Count, stored.Count(code => code.UsedAt is not null)));
    }

    [Fact]
    public async Task To_enroll_one_needs_the_password_and_until_the_code_is_confirmed_nothing_changes()
    {
        var (_, username) = await app.CreateAccountAsync();
        var token = (await app.LogInAsync(username)).AccessToken;

        Assert.Equal(HttpStatusCode.Forbidden, (await app.PostAsync("/api/auth/totp/enroll", new { password = "wrong password" }, token)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await app.PostAsync("/api/auth/totp/confirm", new { otp = "123456" }, token)).StatusCode);
        var enrolled = await AuthServiceApplication.JsonAsync(await app.PostAsync("/api/auth/totp/enroll", new { password = AuthServiceApplication.Password }, token));
        Assert.Equal(32, enrolled.GetProperty("secret").GetString()!.Length);
        Assert.Equal(
            $"otpauth://totp/McpPlatform%3A{username}?secret={enrolled.GetProperty("secret").GetString()}&issuer=McpPlatform&algorithm=SHA1&digits=6&period=30",
            enrolled.GetProperty("otpauth_uri").GetString());
        Assert.Equal(HttpStatusCode.BadRequest, (await app.PostAsync("/api/auth/totp/confirm", new { otp = "000000" }, token)).StatusCode);
        await app.LogInAsync(username);
        Assert.Equal(HttpStatusCode.NotFound, (await app.PostAsync("/api/auth/totp/disable", new { password = AuthServiceApplication.Password, otp = "000000" }, token)).StatusCode);
    }

    [Fact]
    public async Task Whoever_guesses_the_code_that_confirms_must_begin_again()
    {
        var (_, username) = await app.CreateAccountAsync();
        var token = (await app.LogInAsync(username)).AccessToken;
        var enrolled = await AuthServiceApplication.JsonAsync(await app.PostAsync("/api/auth/totp/enroll", new { password = AuthServiceApplication.Password }, token));
        var secret = Enrolled.Decode(enrolled.GetProperty("secret").GetString()!);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => app.PostAsync("/api/auth/totp/confirm", new { otp = "no code" }, token)));

        using var right = await app.PostAsync("/api/auth/totp/confirm", new { otp = TotpCode.Compute(secret, TotpCode.StepOf(DateTimeOffset.UtcNow)) }, token);
        Assert.Equal(HttpStatusCode.BadRequest, right.StatusCode);
    }

    [Fact]
    public async Task A_second_factor_in_force_is_not_replaced_and_given_up_only_with_password_and_code()
    {
        var user = await EnrolledAsync();
        await using var audit = await app.ListenAsync<ActivityRecorded>();
        Task<HttpResponseMessage> DisableAsync(string password, string otp) => app.PostAsync("/api/auth/totp/disable", new { password, otp }, user.Token);

        Assert.Equal(HttpStatusCode.Conflict, (await app.PostAsync("/api/auth/totp/enroll", new { password = AuthServiceApplication.Password }, user.Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await DisableAsync("wrong password", Code(user, 1))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await DisableAsync(AuthServiceApplication.Password, "000000")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await DisableAsync(AuthServiceApplication.Password, Code(user, 1))).StatusCode);

        await app.LogInAsync(user.Username);
        Assert.Equal(0, await app.InDatabaseAsync(db => db.RecoveryCodes.CountAsync(code => code.UserId == user.Id)));
        await audit.WaitForAsync(one => one.Action == "auth.totp.disable" && one.UserId == user.Id && one.Outcome == ActivityOutcomes.Succeeded);
    }

    [Fact]
    public async Task A_secret_is_stored_for_one_account_alone_and_moves_to_the_active_key()
    {
        await using var first = new AuthServiceApplication(servers);
        await first.InitializeAsync(("DATA_ENCRYPTION_KEYS", OldKey));
        var user = await EnrolledAsync(first);
        var stored = await first.InDatabaseAsync(db => db.TotpEnrollments.AsNoTracking().SingleAsync());
        Assert.False(stored.ProtectedSecret.AsSpan().IndexOf(user.Secret) >= 0, "The secret lies there in plain text.");

        await using var second = await first.RestartAsync(("DATA_ENCRYPTION_KEYS", $"{NewKey},{OldKey}"));
        await second.InScopeAsync<RewrapTotpSecrets, int>(rewrap => rewrap.SweepAsync(CancellationToken.None));
        Assert.StartsWith("new.", await second.InDatabaseAsync(db => db.TotpEnrollments.Select(one => one.SecretKey).SingleAsync()), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(user, Code(user, 1), second)).StatusCode);

        // A row of an old backup comes back after its key went.
        await second.InDatabaseAsync(db => db.TotpEnrollments.ExecuteUpdateAsync(set => set
            .SetProperty(one => one.ProtectedSecret, stored.ProtectedSecret).SetProperty(one => one.SecretKey, stored.SecretKey)));
        await using var third = await second.RestartAsync(("DATA_ENCRYPTION_KEYS", NewKey));
        var health = await third.InScopeAsync<HealthCheckService, HealthReport>(checks => checks.CheckHealthAsync(check => check.Name == "totp-secrets"));
        Assert.Equal(HealthStatus.Unhealthy, health.Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await LogInAsync(user, "000000", third)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await LogInAsync(user, user.RecoveryCodes[0], third)).StatusCode);
    }

    [Fact]
    public async Task The_console_takes_away_what_its_owner_has_lost()
    {
        var user = await EnrolledAsync();

        Assert.Equal(0, await app.RunAsync(["admin", "reset-totp", user.Username]));

        await app.LogInAsync(user.Username);
    }

    private static string Code(Enrolled user, int offset) => user.Code(offset);

    private Task<Enrolled> EnrolledAsync(AuthServiceApplication? where = null) => Enrolled.NewAsync(where ?? app);

    private Task<HttpResponseMessage> LogInAsync(Enrolled user, string otp, AuthServiceApplication? where = null) =>
        (where ?? app).PostAsync("/api/login", new { username = user.Username, password = AuthServiceApplication.Password, otp });
}
