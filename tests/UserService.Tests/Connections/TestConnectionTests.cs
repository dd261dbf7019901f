using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.UserService.Tests.Connections;

[Collection(UserServiceCollection.Name)]
public sealed class TestConnectionTests(UserServiceApplication app, PlatformServers servers)
{
    private readonly NpgsqlConnectionStringBuilder postgres = new(servers.Postgres);

    [Fact]
    public async Task A_connection_that_works_tells_the_servers_version()
    {
        var (owner, _, _) = await app.PersonAsync();
        var profile = await owner.CreateConnectionAsync(Profiles.Real(servers));

        foreach (var response in new[] { await owner.PostAsJsonAsync("/api/db/test", Profiles.Real(servers)), await owner.PostAsync(profile.PathOf() + "/test", null) })
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var result = await response.JsonAsync();
            Assert.True(result.GetProperty("ok").GetBoolean());
            Assert.InRange(result.GetProperty("latency_ms").GetInt64(), 0, 5000);
            Assert.Matches("^PostgreSQL [0-9]+", result.GetProperty("server_version").GetString());
            Assert.Equal(JsonValueKind.Null, result.GetProperty("error").ValueKind);
        }
    }

    [Fact]
    public async Task What_does_not_work_is_said_in_plain_words_without_the_password()
    {
        var (owner, _, _) = await app.PersonAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var closed = FreePort();

        Assert.Contains("no such database", await ErrorAsync(owner, ("database", "there-is-none"), ("password", postgres.Password)), StringComparison.Ordinal);
        Assert.Contains("user name or the password is wrong", await ErrorAsync(owner, ("username", "nobody-here")), StringComparison.Ordinal);
        Assert.Contains("cannot be reached", await ErrorAsync(owner, ("port", closed)), StringComparison.Ordinal);
        Assert.Contains("not known", await ErrorAsync(owner, ("host", "nowhere.invalid")), StringComparison.Ordinal);
        Assert.Contains("TLS", await ErrorAsync(owner, ("ssl_mode", "verify_full")), StringComparison.Ordinal);
        var started = System.Diagnostics.Stopwatch.StartNew();
        Assert.Contains("within 5 seconds", await ErrorAsync(owner, ("port", ((IPEndPoint)silent.LocalEndpoint).Port)), StringComparison.Ordinal);
        Assert.InRange(started.Elapsed, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task Of_an_address_that_is_not_allowed_it_is_not_told_whether_anything_listens_there()
    {
        var (owner, ownerId, _) = await app.PersonAsync();
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using var open = new TcpListener(IPAddress.Parse("127.0.0.2"), 0);
        open.Start();
        var port = ((IPEndPoint)open.LocalEndpoint).Port;

        var (opened, closed) = (await ErrorAsync(owner, ("host", "127.0.0.2"), ("port", port)), await ErrorAsync(owner, ("host", "127.0.0.2"), ("port", 1)));

        Assert.Equal(opened.Replace($":{port}", ":1", StringComparison.Ordinal), closed);
        Assert.Contains("may not be reached", closed, StringComparison.Ordinal);
        Assert.False(open.Pending());
        var activity = await activities.WaitForAsync(x => x.Action == "db.connections.test" && x.UserId == ownerId && x.Target == $"127.0.0.2:{port}");
        Assert.Equal((ActivityOutcomes.Denied, "not_allowed"), (activity.Outcome, activity.Details?["result"]));
    }

    [Fact]
    public async Task An_address_that_is_no_longer_allowed_is_refused_when_connecting()
    {
        var (owner, ownerId, _) = await app.PersonAsync();
        var profile = await owner.CreateConnectionAsync(Profiles.Real(servers));
        await app.InDatabaseAsync(db => db.Connections.Where(x => x.OwnerId == ownerId).ExecuteUpdateAsync(set => set.SetProperty(x => x.Host, "127.0.0.2")));

        var result = await (await owner.PostAsync(profile.PathOf() + "/test", null)).JsonAsync();

        Assert.Contains("OUTBOUND_ALLOW", result.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tests_are_limited_for_each_user()
    {
        var (owner, _, _) = await app.PersonAsync();
        var (other, _, _) = await app.PersonAsync();
        var body = Profiles.Real(servers, ("host", "127.0.0.2"));

        // Side by side, but not so many that the database runs out of connections, which is another test's matter.
        List<HttpResponseMessage> answers = [];
        foreach (var some in Enumerable.Range(0, 130).Chunk(13))
        {
            answers.AddRange(await Task.WhenAll(some.Select(_ => owner.PostAsJsonAsync("/api/db/test", body))));
        }

        // A minute may have ended in between.
        Assert.All(answers, x => Assert.True(x.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, x.StatusCode.ToString()));
        Assert.InRange(answers.Count(x => x.StatusCode == HttpStatusCode.OK), 60, 120);
        var refused = answers.First(x => x.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        await refused.AssertProblemAsync(HttpStatusCode.TooManyRequests);
        Assert.Equal(HttpStatusCode.OK, (await other.PostAsJsonAsync("/api/db/test", body)).StatusCode);
    }

    [Fact]
    public async Task A_damaged_password_is_that_profiles_trouble_and_no_other()
    {
        var (owner, _, _) = await app.PersonAsync();
        var good = await owner.CreateConnectionAsync(Profiles.Real(servers));
        var bad = await owner.CreateConnectionAsync(Profiles.Real(servers, ("name", "bad")));
        var id = bad.GetProperty("id").GetGuid();
        await app.InDatabaseAsync(db => db.Database.ExecuteSqlAsync(
            $"UPDATE users.database_connections SET protected_password = set_byte(protected_password, 80, get_byte(protected_password, 80) # 1) WHERE id = {id}"));

        await (await owner.PostAsync(bad.PathOf() + "/test", null)).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal(HttpStatusCode.OK, (await owner.PostAsync(good.PathOf() + "/test", null)).StatusCode);
        using var anonymous = app.Anonymous();
        Assert.Equal("healthy", (await (await anonymous.GetAsync("/health")).JsonAsync()).GetProperty("checks").GetProperty("connection-secrets").GetString());
        Assert.Equal(HttpStatusCode.OK, (await owner.PatchAsJsonAsync(bad.PathOf(), new { password = postgres.Password })).StatusCode);
        Assert.True((await (await owner.PostAsync(bad.PathOf() + "/test", null)).JsonAsync()).GetProperty("ok").GetBoolean());
    }

    [Fact]
    public async Task A_ciphertext_that_was_moved_to_another_profile_does_not_open()
    {
        var (owner, _, _) = await app.PersonAsync();
        var (thief, thiefId, _) = await app.PersonAsync();
        var (from, to) = (await owner.CreateConnectionAsync(Profiles.Real(servers)), await thief.CreateConnectionAsync(Profiles.Real(servers)));
        var fromId = from.GetProperty("id").GetGuid();
        await app.InDatabaseAsync(db => db.Database.ExecuteSqlAsync($"""
            UPDATE users.database_connections SET protected_password = (SELECT protected_password FROM users.database_connections WHERE id = {fromId}) WHERE owner_id = {thiefId}
            """));

        await (await thief.PostAsync(to.PathOf() + "/test", null)).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task Who_keeps_no_profiles_but_may_query_one_may_test_it()
    {
        var (owner, ownerId, username) = await app.PersonAsync();
        var profile = await owner.CreateConnectionAsync(Profiles.Real(servers));
        using var reader = app.ClientFor(ownerId, username, Permissions.DbQuery);

        Assert.Equal(HttpStatusCode.OK, (await reader.PostAsync(profile.PathOf() + "/test", null)).StatusCode);
    }

    private async Task<string> ErrorAsync(HttpClient client, params (string Field, object? Value)[] changes)
    {
        var response = await client.PostAsJsonAsync("/api/db/test", Profiles.Real(servers, [("password", Profiles.Password), .. changes]));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var result = await response.JsonAsync();
        Assert.False(result.GetProperty("ok").GetBoolean());
        Assert.Equal(JsonValueKind.Null, result.GetProperty("server_version").ValueKind);
        var error = result.GetProperty("error").GetString()!;
        Assert.DoesNotContain(Profiles.Password, error, StringComparison.Ordinal);
        return error;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
