using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using McpPlatform.AuthService.Admin;
using McpPlatform.AuthService.Tests.Revocations;
using McpPlatform.TestSupport;
using Microsoft.IdentityModel.JsonWebTokens;

namespace McpPlatform.AuthService.Tests;

/// <summary>Keys are replaced while people log in at two replicas, refresh, and use their tokens at both and at another service: nobody may notice.</summary>
public sealed class KeyRotationLoadTests(PlatformServers servers) : IAsyncLifetime
{
    private static readonly TimeSpan Lead = TimeSpan.FromMinutes(15);
    private ThrowAwayRedis redis = null!;

    public async ValueTask InitializeAsync() => redis = await ThrowAwayRedis.StartAsync();

    public ValueTask DisposeAsync() => redis.DisposeAsync();

    [Fact]
    public async Task A_rotation_on_schedule_costs_no_valid_token_an_answer()
    {
        // Ends about now and lasts no longer than a token: the library that reads lifetimes has no other clock than the machine's.
        var clock = new TurnedClock(TimeSpan.FromDays(-1));
        await using var platform = await Running.StartAsync(servers, redis, clock, ("ACCESS_TOKEN_EXPIRE_MINUTES", "1440"), ("SigningKeys:RotationDays", "1"));

        clock.Advance(TimeSpan.FromDays(1) - Lead);
        await platform.ReplacedAsync(clock);

        await platform.AssertUnnoticedAsync();
    }

    [Fact]
    public async Task A_rotation_by_command_costs_no_valid_token_an_answer_and_a_compromised_key_is_refused_within_two_seconds()
    {
        var clock = new TurnedClock(-Lead);
        await using var platform = await Running.StartAsync(servers, redis, clock);

        Assert.Equal(0, await platform.CommandAsync("rotate-keys"));
        await platform.ReplacedAsync(clock);
        await platform.AssertUnnoticedAsync();

        var (stolen, refresh) = await platform.LogInAsync();
        var key = new JsonWebToken(stolen).Kid;
        Assert.Equal(HttpStatusCode.OK, await platform.Service.AskAsync(stolen));
        Assert.Equal(1, await platform.CommandAsync("rotate-keys", "--compromised", "no-such-key"));
        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await platform.CommandAsync("rotate-keys", "--compromised", key));
        await platform.Service.UntilAsync(stolen, HttpStatusCode.Unauthorized);
        await AuthServiceApplication.EventuallyAsync(async () => await platform.MeAsync(stolen) is [HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized] ? "refused" : null);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));

        // Who has a session goes on: its refresh tokens are signed with another key.
        var next = await platform.RefreshAsync(refresh);
        await platform.Service.UntilAsync(next, HttpStatusCode.OK);
        Assert.NotEqual(key, new JsonWebToken(next).Kid);
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly ConcurrentBag<string> refused = [];
        private readonly ConcurrentDictionary<string, int> answersByKey = new();
        private readonly CancellationTokenSource stop = new();
        private AuthServiceApplication[] replicas = [];
        private string username = string.Empty;
        private Task load = Task.CompletedTask;

        public OtherService Service { get; private set; } = null!;

        public static async Task<Running> StartAsync(PlatformServers servers, ThrowAwayRedis redis, TurnedClock clock, params (string, string?)[] settings)
        {
            var app = new AuthServiceApplication(servers) { Clock = clock };
            await app.InitializeAsync([("ConnectionStrings:redis", redis.ConnectionString), .. settings]);
            var running = new Running { replicas = [app, app.StartReplica()], Service = await OtherService.StartAsync(app, redis.ConnectionString) };
            running.username = (await app.CreateAccountAsync()).Username;
            running.load = Task.WhenAll(Enumerable.Range(0, 3).Select(one => Task.Run(() => running.UseAsync(one))));
            await running.UsedAsync(Assert.Single(await KeyRotationTests.PublishedAsync(app)));
            return running;
        }

        /// <summary>Waits until the next key is published, known everywhere, and after the lead signs at both replicas.</summary>
        public async Task ReplacedAsync(TurnedClock clock)
        {
            var published = await KeyRotationTests.EventuallyAsync(async () => await KeyRotationTests.PublishedAsync(replicas[0]) is { Count: 2 } two ? two : null);
            var next = published.Single(key => key != replicas[0].Keys.Current.Access.Key.KeyId);
            await KeyRotationTests.EventuallyAsync(async () =>
                (await KeyRotationTests.PublishedAsync(replicas[1])).Contains(next) && (await Service.KeysAsync()).Contains(next) ? "known" : null);
            clock.Advance(Lead);
            await KeyRotationTests.EventuallyAsync(() => Task.FromResult(replicas.All(one => one.Keys.Current.Access.Key.KeyId == next) ? "signs" : null));
            await UsedAsync(next);
        }

        public async Task AssertUnnoticedAsync()
        {
            await stop.CancelAsync();
            await load;
            Assert.Empty(refused);
            Assert.Equal(2, answersByKey.Count);
        }

        public Task<int> CommandAsync(params string[] command) => AdminCommand.RunAsync(replicas[0].Service<IServiceProvider>(), command);

        public Task<(string AccessToken, string RefreshToken)> LogInAsync() => replicas[1].LogInAsync(username);

        public Task<HttpStatusCode[]> MeAsync(string token) => Task.WhenAll(replicas.Select(async one =>
        {
            using var client = one.Client(token);
            using var response = await client.GetAsync("/api/auth/me");
            return response.StatusCode;
        }));

        public async Task<string> RefreshAsync(string token)
        {
            using var response = await replicas[0].PostAsync("/api/auth/refresh", new { refresh_token = token });
            return (await AuthServiceApplication.JsonAsync(response)).GetProperty("access_token").GetString()!;
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await load;
            await Service.DisposeAsync();
            await replicas[1].DisposeAsync();
            await replicas[0].DisposeAsync();
            stop.Dispose();
        }

        private Task<string> UsedAsync(string key) =>
            KeyRotationTests.EventuallyAsync(() => Task.FromResult(answersByKey.GetValueOrDefault(key) >= 30 ? "used" : null));

        private async Task UseAsync(int number)
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    var (token, refresh) = await replicas[number % 2].LogInAsync(username);
                    await TryAsync(token);
                    using var refreshed = await replicas[(number + 1) % 2].PostAsync("/api/auth/refresh", new { refresh_token = refresh });
                    await TryAsync((await AuthServiceApplication.JsonAsync(refreshed)).GetProperty("access_token").GetString()!);
                }
                catch (Exception exception)
                {
                    refused.Add(exception.Message);
                }
            }
        }

        private async Task TryAsync(string token)
        {
            HttpStatusCode[] answers = [await Service.AskAsync(token), .. await MeAsync(token)];
            var key = new JsonWebToken(token).Kid;
            answersByKey.AddOrUpdate(key, answers.Length, (_, before) => before + answers.Length);
            if (answers.Any(answer => answer != HttpStatusCode.OK))
            {
                refused.Add($"{key}: {string.Join(' ', answers)}");
            }
        }
    }
}
