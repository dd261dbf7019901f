using System.Net;
using McpPlatform.AuthService.Pruning;
using McpPlatform.AuthService.Tests.Authorization;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace McpPlatform.AuthService.Tests;

/// <summary>What has ended goes, at the time that the operator says, and nothing else does.</summary>
public sealed class PruningTests(PlatformServers servers)
{
    [Fact]
    public async Task Two_replicas_remove_what_has_expired_and_what_goes_on_goes_on()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        await using var replica = app.StartReplica();
        var (_, username) = await app.CreateAccountAsync();
        var (idle, live) = (await app.LogInAsync(username), await app.LogInAsync(username));
        var rotated = await RefreshAsync(app, live.RefreshToken);
        var (idleSession, liveSession) = (SessionOf(idle.AccessToken), SessionOf(live.AccessToken));
        await AgeAsync(app, idleSession, days: 31);

        // More than a batch, for both of them.
        await app.InDatabaseAsync(db => db.Database.ExecuteSqlAsync($"""
            INSERT INTO auth.openiddict_tokens (id, authorization_id, status, type, subject, creation_date, expiration_date)
            SELECT gen_random_uuid(), {Guid.Parse(liveSession)}, CASE WHEN n % 2 = 0 THEN 'redeemed' ELSE 'valid' END, 'refresh_token', 'x', now() - interval '40 days', now() - interval '25 hours'
            FROM generate_series(1, 3500) n
            """));
        var before = await app.InDatabaseAsync(db => db.IssuedTokens.CountAsync(token => token.ExpirationDate > DateTime.UtcNow));

        await Task.WhenAll(app.Service<PruneRows>().RunAsync(default), replica.Service<PruneRows>().RunAsync(default));

        Assert.Equal(before, await app.InDatabaseAsync(db => db.IssuedTokens.CountAsync()));
        Assert.Equal([liveSession], await app.InDatabaseAsync(db => db.Sessions.Where(one => one.Type == "ad-hoc" && one.Kind != null).Select(one => one.Id.ToString()).ToListAsync()));
        using var gone = await app.PostAsync("/api/auth/refresh", new { refresh_token = idle.RefreshToken });
        Assert.Equal(HttpStatusCode.Unauthorized, gone.StatusCode);

        // The session goes on; and a token of it that comes a second time still ends it.
        var next = await RefreshAsync(replica, rotated);
        using var reused = await app.PostAsync("/api/auth/refresh", new { refresh_token = live.RefreshToken });
        Assert.Equal(HttpStatusCode.Unauthorized, reused.StatusCode);
        using var ended = await app.PostAsync("/api/auth/refresh", new { refresh_token = next });
        Assert.Equal(HttpStatusCode.Unauthorized, ended.StatusCode);
    }

    [Fact]
    public async Task A_session_whose_tokens_are_over_is_kept_as_long_as_the_operator_says()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync(("Pruning:EndedSessionDays", "60"));
        var (_, username) = await app.CreateAccountAsync();
        var sessions = new[] { await app.LogInAsync(username), await app.LogInAsync(username) }.Select(one => SessionOf(one.AccessToken)).ToList();
        await AgeAsync(app, sessions[0], days: 59);
        await AgeAsync(app, sessions[1], days: 61);

        await app.Service<PruneRows>().RunAsync(default);

        Assert.Equal([sessions[0]], await app.InDatabaseAsync(db => db.Sessions.Where(one => one.Kind != null).Select(one => one.Id.ToString()).ToListAsync()));
    }

    [Fact]
    public async Task Keys_consents_clients_and_second_factors_go_after_their_time()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        var (id, username) = await app.CreateAccountAsync("mcp.tools.call");
        var (token, _) = await app.LogInAsync(username);
        var keys = new List<Guid>();
        foreach (var name in (string[])["old", "expired", "live"])
        {
            using var made = await app.PostAsync("/api/auth/api-keys", new { name, scopes = new[] { "mcp.tools.call" } }, token);
            keys.Add((await AuthServiceApplication.JsonAsync(made)).GetProperty("id").GetGuid());
        }

        using var enrolled = await app.PostAsync("/api/auth/totp/enroll", new { password = AuthServiceApplication.Password }, token);
        Assert.Equal(HttpStatusCode.OK, enrolled.StatusCode);
        var (forgotten, used) = (await OAuthClient.RegisterAsync(app), await OAuthClient.RegisterAsync(app));
        using var browser = app.Browser();
        await forgotten.CodeAsync(browser, username);
        using var other = app.Browser();
        using var redeemed = await used.RedeemAsync(await used.CodeAsync(other, username));
        Assert.Equal(HttpStatusCode.OK, redeemed.StatusCode);
        await app.InDatabaseAsync(async db =>
        {
            await db.Database.ExecuteSqlAsync($"UPDATE auth.api_keys SET expires_at = now() - CASE id WHEN {keys[0]} THEN interval '31 days' WHEN {keys[1]} THEN interval '29 days' ELSE interval '-1 day' END");
            await db.Database.ExecuteSqlAsync($"UPDATE auth.openiddict_authorizations SET creation_date = now() - interval '366 days' WHERE type = 'permanent'");
            await db.Database.ExecuteSqlAsync($"UPDATE auth.client_registrations SET created_at = now() - interval '400 days', used_at = now() - interval '366 days'");
            await db.Database.ExecuteSqlAsync($"UPDATE auth.openiddict_tokens SET expiration_date = now() - interval '2 days' FROM auth.openiddict_applications a WHERE a.id = application_id AND a.client_id = {forgotten.Id}");
            await db.Database.ExecuteSqlAsync($"UPDATE auth.users SET lockout_end = now() - interval '25 hours', lockout_level = 4 WHERE id = {id}");
            return await db.Database.ExecuteSqlAsync($"UPDATE auth.totp_enrollments SET created_at = now() - interval '25 hours'");
        });

        await app.Service<PruneRows>().RunAsync(default);

        Assert.Equal(keys[1..], await app.InDatabaseAsync(db => db.ApiKeys.OrderBy(key => key.Id).Select(key => key.Id).ToListAsync()));
        Assert.False(await app.InDatabaseAsync(db => db.TotpEnrollments.AnyAsync()));
        Assert.False(await app.InDatabaseAsync(db => db.Sessions.AnyAsync(one => one.Type == "permanent")));
        Assert.Equal([used.Id], await app.InDatabaseAsync(db => db.ClientRegistrations.Select(client => client.ClientId).ToListAsync()));
        Assert.Equal(0, await app.InDatabaseAsync(db => db.Users.Where(user => user.Id == id).Select(user => user.LockoutLevel).SingleAsync()));
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(forgotten.Address())).Status);

        // The other one's session went on meanwhile; its user is asked again.
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync(used.Address())).Status);
        using var refreshed = await used.RefreshAsync((await AuthServiceApplication.JsonAsync(redeemed)).GetProperty("refresh_token").GetString()!);
        Assert.Equal(HttpStatusCode.OK, refreshed.StatusCode);
    }

    [Fact]
    public async Task A_window_for_the_first_admin_stays_closed_until_there_is_one()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        await app.InDatabaseAsync(db => db.Database.ExecuteSqlAsync($"UPDATE auth.bootstrap_windows SET opened_at = now() - interval '2 days'"));

        await app.Service<PruneRows>().RunAsync(default);

        await using var restarted = app.StartReplica();
        using var closed = await restarted.PostAsync("/api/auth/bootstrap", new { password = AuthServiceApplication.OneTimePassword, new_password = AuthServiceApplication.Password });
        Assert.Equal(HttpStatusCode.Conflict, closed.StatusCode);
        await app.InDatabaseAsync(db => db.Database.ExecuteSqlAsync($"UPDATE auth.bootstrap_windows SET opened_at = now()"));
        using var made = await restarted.PostAsync("/api/auth/bootstrap", new { password = AuthServiceApplication.OneTimePassword, new_password = AuthServiceApplication.Password });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        await app.InDatabaseAsync(db => db.Database.ExecuteSqlAsync($"UPDATE auth.bootstrap_windows SET opened_at = now() - interval '2 days'"));

        await app.Service<PruneRows>().RunAsync(default);

        Assert.False(await app.InDatabaseAsync(db => db.BootstrapWindows.AnyAsync()));
    }

    [Theory]
    [InlineData("EndedSessionDays", "0")]
    [InlineData("ExpiredApiKeyDays", "4000")]
    [InlineData("ConsentDays", "a year")]
    [InlineData("UnusedClientDays", "-1")]
    public async Task A_retention_that_is_no_number_of_days_stops_the_process_with_a_sentence(string key, string value)
    {
        await using var app = new AuthServiceApplication(servers);

        var said = await KeyProtectionTests.SaidAsync(() => app.RunAsync(["--urls=http://127.0.0.1:0"], ("ConnectionStrings:authdb", "Host=none"), ($"Pruning:{key}", value)));

        Assert.Contains($"Pruning__{key} is '{value}', but must be a whole number of days from 1 to 3650.", said, StringComparison.Ordinal);
    }

    private static string SessionOf(string accessToken) => new JsonWebToken(accessToken).GetClaim("sid").Value;

    // As if it had last been used so long ago; its tokens expired two weeks later, or two days ago.
    private static Task<int> AgeAsync(AuthServiceApplication app, string session, int days) => app.InDatabaseAsync(async db =>
    {
        var (id, used) = (Guid.Parse(session), DateTime.UtcNow.AddDays(-days));
        await db.Sessions.Where(one => one.Id == id).ExecuteUpdateAsync(set => set.SetProperty(one => one.CreationDate, used).SetProperty(one => one.LastSeenAt, new DateTimeOffset(used)));
        return await db.IssuedTokens.Where(token => token.Authorization!.Id == id).ExecuteUpdateAsync(set => set.SetProperty(token => token.ExpirationDate, DateTime.UtcNow.AddDays(-2)));
    });

    private static async Task<string> RefreshAsync(AuthServiceApplication app, string refreshToken)
    {
        using var response = await app.PostAsync("/api/auth/refresh", new { refresh_token = refreshToken });
        return (await AuthServiceApplication.JsonAsync(response)).GetProperty("refresh_token").GetString()!;
    }
}
