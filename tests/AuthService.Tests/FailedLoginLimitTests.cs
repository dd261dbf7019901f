using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.AuthService.Sessions;
using McpPlatform.TestSupport;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace McpPlatform.AuthService.Tests;

/// <summary>Failed logins of one address, at two replicas, with a Redis that can be taken away.</summary>
public sealed class FailedLoginLimitTests(PlatformServers servers) : IAsyncLifetime
{
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");
    private ThrowAwayRedis redis = null!;
    private ConnectionMultiplexer connection = null!;

    public async ValueTask InitializeAsync()
    {
        redis = await ThrowAwayRedis.StartAsync();
        connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await redis.DisposeAsync();
    }

    [Fact]
    public async Task Replicas_count_together_and_neither_name_nor_answer_tells_whether_an_account_exists()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync(("ConnectionStrings:redis", redis.ConnectionString));
        await using var replica = app.StartReplica();
        var (_, username) = await app.CreateAccountAsync();
        using var here = app.Client(address: "192.0.2.99");
        using var there = replica.Client(address: "192.0.2.99");
        HttpClient[] clients = [here, there];
        object[] guesses = [new { username, password = "wrong password" }, new { username = "nobody-at-all", password = "wrong password" }];
        HashSet<string> refusals = [];
        var verified = 0;
        for (var attempt = 0; attempt < 40; attempt++)
        {
            using var answer = await clients[attempt % 2].PostAsJsonAsync("/api/login", guesses[attempt / 2 % 2]);
            verified += answer.StatusCode == HttpStatusCode.Unauthorized ? 1 : 0;
            refusals.Add($"{attempt >= 30} {(int)answer.StatusCode} {await SentenceAsync(answer)}");
        }

        Assert.Equal(30, verified);
        Assert.Equal(2, refusals.Count);

        // Nor does the right password, at either; and that the account is locked is known at both.
        foreach (var (client, elsewhere) in clients.Zip([app, replica]))
        {
            using var limited = await client.PostAsJsonAsync("/api/login", new { username, password = AuthServiceApplication.Password });
            Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
            Assert.InRange(limited.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
            using var locked = await elsewhere.PostAsync("/api/login", new { username, password = AuthServiceApplication.Password });
            Assert.Contains($"False {(int)locked.StatusCode} {await SentenceAsync(locked)}", refusals);
        }

        await replica.LogInAsync((await app.CreateAccountAsync()).Username);
    }

    [Fact]
    public async Task Guesses_at_once_get_no_further()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync(("ConnectionStrings:redis", redis.ConnectionString));
        await using var replica = app.StartReplica();
        using var here = app.Client(address: "192.0.2.99");
        using var there = replica.Client(address: "192.0.2.99");

        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(async attempt =>
        {
            using var answer = await (attempt % 2 == 0 ? here : there).PostAsJsonAsync("/api/login", new { username = $"nobody-{attempt}", password = "wrong password" });
            return answer.StatusCode;
        }));

        // Those whose password is being hashed when the last one fails are not broken off.
        Assert.InRange(answers.Count(answer => answer == HttpStatusCode.Unauthorized), 16, 30 + (2 * Environment.ProcessorCount));
    }

    [Fact]
    public async Task Thirty_failures_close_an_address_for_a_minute_from_the_first_of_them()
    {
        var clock = new FakeTimeProvider();
        var (one, other) = (Limit(clock), Limit(clock));

        for (var i = 0; i < 30; i++)
        {
            Assert.Null(await other.RetryAfterAsync(Address));
            await (i % 2 == 0 ? one : other).CountAsync(Address);
        }

        Assert.InRange((await one.RetryAfterAsync(Address))!.Value, TimeSpan.FromSeconds(40), TimeSpan.FromMinutes(1));
        Assert.NotNull(await other.RetryAfterAsync(Address));
        Assert.NotNull(await Limit(clock).RetryAfterAsync(IPAddress.Parse("::ffff:192.0.2.1")));
        Assert.Null(await one.RetryAfterAsync(IPAddress.Parse("192.0.2.2")));
    }

    [Fact]
    public async Task Without_Redis_each_replica_counts_for_itself_and_asks_again_later()
    {
        var clock = new FakeTimeProvider();
        var limit = Limit(clock);
        await redis.StopAsync();

        for (var i = 0; i < 30; i++)
        {
            Assert.Null(await limit.RetryAfterAsync(Address));
            await limit.CountAsync(Address);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(TimeSpan.FromSeconds(30), await limit.RetryAfterAsync(Address));
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(await limit.RetryAfterAsync(Address));
        await limit.CountAsync(Address);
        Assert.Equal(TimeSpan.FromSeconds(1), await limit.RetryAfterAsync(Address));

        await redis.RestartAsync();
        clock.Advance(TimeSpan.FromSeconds(90));
        await KeyRotationTests.EventuallyAsync(async () =>
        {
            clock.Advance(TimeSpan.FromSeconds(6));
            await limit.CountAsync(Address);
            return (await redis.CommandAsync("ZCARD", "failed-logins:192.0.2.1")) is "0" or "" ? null : "counted";
        });
    }

    [Fact]
    public async Task Whoever_has_a_network_of_IPv6_addresses_is_counted_as_one()
    {
        var limit = Limit(TimeProvider.System);

        for (var i = 0; i < 30; i++)
        {
            await limit.CountAsync(IPAddress.Parse($"2001:db8:1:2::{i + 1:x}"));
        }

        Assert.NotNull(await limit.RetryAfterAsync(IPAddress.Parse("2001:db8:1:2:ffff::1")));
        Assert.NotNull(await Limit(TimeProvider.System).RetryAfterAsync(IPAddress.Parse("2001:db8:1:2:ffff::1")));
        Assert.Null(await limit.RetryAfterAsync(IPAddress.Parse("2001:db8:1:3::1")));
    }

    private static async Task<string> SentenceAsync(HttpResponseMessage answer) =>
        JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("detail").GetString()!;

    private FailedLoginLimit Limit(TimeProvider clock) => new(connection, clock, NullLogger<FailedLoginLimit>.Instance);
}
