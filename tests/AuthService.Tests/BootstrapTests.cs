using System.Net;
using McpPlatform.Contracts.Messages;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Tests;

/// <summary>Each on a database of its own: an admin is made once.</summary>
public sealed class BootstrapTests(PlatformServers servers)
{
    private static object Body(string password = AuthServiceApplication.OneTimePassword, string username = "admin") =>
        new { password, new_password = AuthServiceApplication.Password, username };

    [Fact]
    public async Task The_one_time_password_makes_one_admin_who_can_log_in_and_then_it_is_worth_nothing()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        await using var created = await app.ListenAsync<UserCreated>();

        using var wrong = await app.PostAsync("/api/auth/bootstrap", Body("not-the-one-time-password"));
        using var first = await app.PostAsync("/api/auth/bootstrap", Body());
        using var second = await app.PostAsync("/api/auth/bootstrap", Body(username: "another"));

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Created, HttpStatusCode.Conflict), (wrong.StatusCode, first.StatusCode, second.StatusCode));
        var id = (await AuthServiceApplication.JsonAsync(first)).GetProperty("id").GetGuid();
        Assert.Equal(["admin"], (await created.WaitForAsync(fact => fact.UserId == id)).Roles);
        await app.LogInAsync("admin");
    }

    [Fact]
    public async Task Of_many_that_come_at_once_one_becomes_admin()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => app.PostAsync("/api/auth/bootstrap", Body(username: $"admin{i}"))));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Created);
        Assert.Equal(1, await app.InDatabaseAsync(db => db.Users.CountAsync()));
    }

    [Fact]
    public async Task Of_two_hosts_that_race_one_makes_the_admin_in_each_of_twenty_rounds()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        await using var replica = app.StartReplica();
        for (var round = 0; round < 20; round++)
        {
            var answers = await Task.WhenAll(new[] { app, replica }.Select(async (host, number) =>
            {
                using var answer = await host.PostAsync("/api/auth/bootstrap", Body(username: $"admin{number}"));
                return answer.StatusCode;
            }));

            Assert.Equal([HttpStatusCode.Created, HttpStatusCode.Conflict], answers.Order());
            Assert.Equal(1, await app.InDatabaseAsync(db => db.Users.ExecuteDeleteAsync()));
        }
    }

    [Fact]
    public async Task Strangers_do_not_make_the_processor_hash_passwords()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        var hashes = 0;
        using var listener = app.ListenToMeter("mcpplatform.auth.password_hash.duration", () => Interlocked.Increment(ref hashes));

        Assert.Equal(HttpStatusCode.Unauthorized, (await app.PostAsync("/api/auth/bootstrap", Body("not-the-one-time-password"))).StatusCode);
        Assert.Equal(0, hashes);
        Assert.Equal(HttpStatusCode.Created, (await app.PostAsync("/api/auth/bootstrap", Body())).StatusCode);
        Assert.Equal(1, hashes);
        Assert.Equal(HttpStatusCode.Conflict, (await app.PostAsync("/api/auth/bootstrap", Body())).StatusCode);
        Assert.Equal(1, hashes);
    }

    [Fact]
    public async Task Without_a_one_time_password_nobody_becomes_admin()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync(("BOOTSTRAP_PASSWORD", string.Empty));

        Assert.Equal(HttpStatusCode.Conflict, (await app.PostAsync("/api/auth/bootstrap", Body())).StatusCode);
    }

    [Fact]
    public async Task After_half_an_hour_the_one_time_password_is_worth_nothing()
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        await app.InDatabaseAsync(db => db.Database.ExecuteSqlAsync($"UPDATE auth.bootstrap_windows SET opened_at = opened_at - interval '31 minutes'"));

        using var response = await app.PostAsync("/api/auth/bootstrap", Body());

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Contains("expired", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("JWT_SECRET_KEY", "short", "JWT_SECRET_KEY has 5 characters")]
    [InlineData("ACCESS_TOKEN_EXPIRE_MINUTES", "0", "ACCESS_TOKEN_EXPIRE_MINUTES is '0', but must be a whole number from 1 to 1440.")]
    [InlineData("ACCESS_TOKEN_EXPIRE_MINUTES", "two hours", "ACCESS_TOKEN_EXPIRE_MINUTES is 'two hours', but must be a whole number from 1 to 1440.")]
    [InlineData("ServiceClients:userservice", "short", "ServiceClients__userservice has 5 characters")]
    [InlineData("BOOTSTRAP_PASSWORD", "short", "BOOTSTRAP_PASSWORD has 5 characters")]
    [InlineData("Passwords:BcryptCost", "4", "Passwords__BcryptCost is '4', but must be a whole number from 10 to 15.")]
    [InlineData("Passwords:BcryptCost", "strong", "Passwords__BcryptCost is 'strong', but must be a whole number from 10 to 15.")]
    [InlineData("JWT_SECRET_KEY", "another secret key of more than 32 characters", "JWT_SECRET_KEY is not the one")]
    public async Task A_wrong_setting_stops_the_process_with_a_sentence_that_names_it(string key, string value, string sentence)
    {
        await using var app = new AuthServiceApplication(servers);
        await app.InitializeAsync();
        var said = new StringWriter();
        var before = Console.Error;
        Console.SetError(said);
        try
        {
            Assert.Equal(1, await app.RunAsync(["--urls=http://127.0.0.1:0"], (key, value)));
        }
        finally
        {
            Console.SetError(before);
        }

        Assert.Contains(sentence, said.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said.ToString(), StringComparison.Ordinal);
    }
}
