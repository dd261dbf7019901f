using System.Net;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.AuthService.Tests;

/// <summary>Each with keys and a clock of its own. The clock begins in the past and ends about now, where tokens are looked at by other clocks too.</summary>
public sealed class KeyRotationTests(PlatformServers servers)
{
    [Fact]
    public async Task A_key_is_published_before_it_signs_and_stays_until_the_tokens_of_its_predecessor_are_over()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-90).AddMinutes(-1));
        await using var app = new AuthServiceApplication(servers) { Clock = clock };
        await app.InitializeAsync();
        var first = Assert.Single(await PublishedAsync(app));

        Pass(clock, TimeSpan.FromDays(90) - TimeSpan.FromMinutes(15) - TimeSpan.FromSeconds(10));
        Assert.Equal([first], await PublishedAsync(app));
        clock.Advance(TimeSpan.FromSeconds(20));
        var published = await EventuallyAsync(async () => await PublishedAsync(app) is { Count: 2 } two ? two : null);
        var second = Assert.Single(published, key => key != first);

        var (_, username) = await app.CreateAccountAsync();
        var old = (await app.LogInAsync(username)).AccessToken;
        Assert.Equal(first, new JsonWebToken(old).Kid);

        clock.Advance(TimeSpan.FromMinutes(15));
        await EventuallyAsync(async () => new JsonWebToken((await app.LogInAsync(username)).AccessToken).Kid == second ? "signs" : null);
        Assert.Equal(HttpStatusCode.OK, (await app.Client(old).GetAsync("/api/auth/me")).StatusCode);
        var refreshed = await app.LogInAsync(username);

        // 120 minutes of tokens and 5 to be safe after the last one that the old key signed.
        clock.Advance(TimeSpan.FromMinutes(124));
        Assert.Equal(2, (await PublishedAsync(app)).Count);
        clock.Advance(TimeSpan.FromMinutes(2));
        await EventuallyAsync(async () => await PublishedAsync(app) is [var only] && only == second ? "gone" : null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.Client(old).GetAsync("/api/auth/me")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await app.PostAsync("/api/auth/refresh", new { refresh_token = refreshed.RefreshToken })).StatusCode);
    }

    [Fact]
    public async Task Ten_rotations_in_a_row_end_no_session_and_keys_of_old_go()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(-11));
        await using var app = new AuthServiceApplication(servers) { Clock = clock };
        await app.InitializeAsync(("ACCESS_TOKEN_EXPIRE_MINUTES", "1440"));
        var (_, username) = await app.CreateAccountAsync();
        var (_, sleeping) = await app.LogInAsync(username);
        var (_, awake) = await app.LogInAsync(username);
        HashSet<string> signed = [];
        for (var rotation = 0; rotation < 10; rotation++)
        {
            var next = await WithAsync(app, keys => keys.RotateAsync("test", CancellationToken.None));
            Assert.Equal(next.Select(key => key.Id), (await WithAsync(app, keys => keys.RotateAsync("test", CancellationToken.None))).Select(key => key.Id));
            clock.Advance(TimeSpan.FromHours(1));
            await EventuallyAsync(() => Task.FromResult(app.Keys.Current.Access.Key.KeyId == next[0].Id ? "signs" : null));

            using var response = await app.PostAsync("/api/auth/refresh", new { refresh_token = awake });
            var tokens = await AuthServiceApplication.JsonAsync(response);
            awake = tokens.GetProperty("refresh_token").GetString()!;
            signed.Add(new JsonWebToken(tokens.GetProperty("access_token").GetString()!).Kid);
        }

        Assert.Equal(10, signed.Count);
        Assert.Equal(HttpStatusCode.OK, (await app.PostAsync("/api/auth/refresh", new { refresh_token = sleeping })).StatusCode);

        // What only the service reads lives as long as refresh tokens do: 14 days.
        Assert.Equal(22, await app.InDatabaseAsync(db => db.SigningKeys.CountAsync(key => key.Use != SigningKeyUse.Access)));
        Pass(clock, TimeSpan.FromDays(14));
        await EventuallyAsync(async () => await app.InDatabaseAsync(db => db.SigningKeys.CountAsync()) == 3 ? "gone" : null);
    }

    [Fact]
    public async Task Replicas_that_rotate_at_once_make_one_key()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-90));
        await using var app = new AuthServiceApplication(servers) { Clock = clock };
        await app.InitializeAsync();
        await using var replica = app.StartReplica();

        Pass(clock, TimeSpan.FromDays(90) - TimeSpan.FromMinutes(10));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => WithAsync(i % 2 == 0 ? app : replica, async keys =>
        {
            await keys.KeepAsync(protectAgain: true, CancellationToken.None);
            return true;
        })));

        Assert.Equal(6, await app.InDatabaseAsync(db => db.SigningKeys.CountAsync()));
        await EventuallyAsync(() => Task.FromResult(app.Keys.Current.IsSameAs(replica.Keys.Current) && app.Keys.Current.Published.Count == 2 ? "same" : null));
    }

    [Fact]
    public async Task A_key_that_is_removed_verifies_nothing_any_more_and_another_signs_at_once()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        await using var replica = app.StartReplica();
        await using var events = await app.ListenAsync<Contracts.Messages.SigningKeysChanged>();
        var (_, username) = await app.CreateAccountAsync();
        var (token, refresh) = await app.LogInAsync(username);
        var compromised = new JsonWebToken(token).Kid;

        Assert.True(await WithAsync(app, keys => keys.RemoveAsync(compromised, "test", CancellationToken.None)));
        Assert.False(await WithAsync(app, keys => keys.RemoveAsync(compromised, "test", CancellationToken.None)));

        foreach (var one in new[] { app, replica })
        {
            await EventuallyAsync(async () => (await one.Client(token).GetAsync("/api/auth/me")).StatusCode == HttpStatusCode.Unauthorized ? "refused" : null);
            Assert.DoesNotContain(compromised, await PublishedAsync(one));
        }

        var next = await AuthServiceApplication.JsonAsync(await replica.PostAsync("/api/auth/refresh", new { refresh_token = refresh }));
        Assert.NotEqual(compromised, new JsonWebToken(next.GetProperty("access_token").GetString()!).Kid);
        var said = await events.WaitForAsync(fact => fact.Reason == "removed");
        Assert.Equal(await PublishedAsync(app), said.KeyIds);
    }

    // Days in which every timer of the service would go off thousands of times: those of the last hour are enough.
    private static void Pass(FakeTimeProvider clock, TimeSpan time)
    {
        var last = TimeSpan.FromHours(1);
        clock.AdjustTime(clock.GetUtcNow() + time - last);
        clock.Advance(last);
    }

    internal static async Task<List<string>> PublishedAsync(AuthServiceApplication app) =>
        [.. new JsonWebKeySet(await app.Client().GetStringAsync("/.well-known/jwks.json")).Keys.Select(key => key.Kid)];

    internal static Task<T> WithAsync<T>(AuthServiceApplication app, Func<KeyRotation, Task<T>> work) => app.InScopeAsync(work);

    internal static async Task<T> EventuallyAsync<T>(Func<Task<T?>> look)
        where T : class
    {
        for (var until = DateTime.UtcNow.AddSeconds(10); DateTime.UtcNow < until; await Task.Delay(30))
        {
            if (await look() is { } found)
            {
                return found;
            }
        }

        throw new TimeoutException("It did not happen within 10 s.");
    }
}
