using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MassTransit;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.TestSupport;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace McpPlatform.ServiceDefaults.Tests;

public sealed class AccessPolicyTests(PlatformServers servers)
{
    private static readonly Guid Ann = Guid.CreateVersion7();

    [Fact]
    public async Task Without_a_policy_nothing_is_decided_and_the_service_asks_for_it_until_it_comes()
    {
        await using var questions = await EventProbe<AccessPolicyRequested>.StartAsync(servers.RabbitMq);
        await using var service = await ExampleService.StartAsync(servers, policy: false);
        using var ann = service.Client(Token(service));

        using var undecided = await ann.GetAsync("/servers/a");
        using var unready = await ann.GetAsync("/health");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (undecided.StatusCode, unready.StatusCode));
        Assert.True(undecided.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Equal("application/problem+json", undecided.Content.Headers.ContentType?.MediaType);
        Assert.Equal("unhealthy", (await unready.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("checks").GetProperty("access-policy").GetString());
        await questions.WaitForAsync(_ => questions.All(_ => true).Count >= 2);

        await service.Services.GetRequiredService<IBus>().Publish(Changed(TestIssuer.Policy));

        await UntilAsync(ann, HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/health")).StatusCode);
        Assert.NotNull(await service.InDatabaseAsync(db => db.LoadAccessPolicyAsync(CancellationToken.None)));
    }

    [Fact]
    public async Task A_change_is_in_force_at_every_replica_within_two_seconds()
    {
        var database = await servers.CreateDatabaseAsync("example");
        await using var first = await ExampleService.StartAsync(servers, NewDatabase(database));
        await using var second = await ExampleService.StartAsync(servers, policy: false, database: database);
        HttpClient[] clients = [first.Client(Token(first)), second.Client(Token(second))];
        await UntilAsync(clients[1], HttpStatusCode.OK);
        List<TimeSpan> took = [];

        for (var version = 2; version <= 6; version++)
        {
            var policy = Policy(version, deny: version % 2 == 0);
            var watch = Stopwatch.StartNew();
            await first.InDatabaseAsync(db =>
            {
                db.AddToOutbox(Changed(policy));
                return db.SaveChangesAsync();
            });
            await Task.WhenAll(clients.Select(client => UntilAsync(client, version % 2 == 0 ? HttpStatusCode.NotFound : HttpStatusCode.OK)));
            took.Add(watch.Elapsed);
        }

        TestContext.Current.TestOutputHelper!.WriteLine(string.Join(", ", took.Select(time => $"{time.TotalMilliseconds:0} ms")));
        Assert.All(took, time => Assert.InRange(time, TimeSpan.Zero, TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public async Task A_policy_that_arrives_late_or_again_never_replaces_a_newer_one()
    {
        await using var service = await ExampleService.StartAsync(servers);
        using var ann = service.Client(Token(service));
        var source = service.Services.GetRequiredService<AccessPolicySource>();
        await source.KeepAsync(Policy(5, deny: true), CancellationToken.None);

        await source.KeepAsync(Policy(3, deny: false), CancellationToken.None);
        await source.KeepAsync(Policy(5, deny: false), CancellationToken.None);

        Assert.Equal(5, source.Current.Version);
        Assert.Equal(HttpStatusCode.NotFound, (await ann.GetAsync("/servers/a")).StatusCode);
        Assert.False(await service.InDatabaseAsync(db => db.SaveAccessPolicyAsync(Policy(5, deny: false), CancellationToken.None)));
        Assert.True(await service.InDatabaseAsync(db => db.SaveAccessPolicyAsync(Policy(6, deny: false), CancellationToken.None)));
    }

    [Fact]
    public async Task A_policy_is_saved_with_the_transaction_of_its_change_or_not_at_all()
    {
        await using var service = await ExampleService.StartAsync(servers);

        var seen = await service.InDatabaseAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await db.SaveAccessPolicyAsync(Policy(2, deny: true), CancellationToken.None);
            return (await db.LoadAccessPolicyAsync(CancellationToken.None))!.Version;
        });
        await service.Services.GetRequiredService<AccessPolicySource>().RefreshAsync(CancellationToken.None);

        Assert.Equal((2, 1), (seen, service.Services.GetRequiredService<AccessPolicySource>().Current.Version));
    }

    [Fact]
    public async Task A_replica_that_starts_while_the_broker_is_away_decides_at_once_on_the_copy_in_its_database()
    {
        var database = await servers.CreateDatabaseAsync("example");
        await using (await ExampleService.StartAsync(servers, NewDatabase(database)))
        {
            // It made the database, with the policy in it.
        }

        var settings = new Dictionary<string, string?> { ["ConnectionStrings:rabbitmq"] = "amqp://guest:guest@127.0.0.1:9" };
        await using var service = await ExampleService.StartAsync(servers, settings, policy: false, database: database);
        using var ann = service.Client(Token(service));
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/servers/a")).StatusCode);
    }

    [Fact]
    public async Task The_last_policy_stays_in_force_while_the_database_is_away()
    {
        var database = await servers.CreateDatabaseAsync("example");
        await using var service = await ExampleService.StartAsync(servers, NewDatabase(database));
        using var ann = service.Client(Token(service));
        await service.Services.GetRequiredService<AccessPolicySource>().KeepAsync(Policy(2, deny: true, "b"), CancellationToken.None);

        await using (var server = new NpgsqlConnection(servers.Postgres))
        {
            await server.OpenAsync();
            await using var drop = new NpgsqlCommand($"DROP DATABASE \"{new NpgsqlConnectionStringBuilder(database).Database}\" WITH (FORCE)", server);
            await drop.ExecuteNonQueryAsync();
        }

        await Assert.ThrowsAnyAsync<Exception>(() => service.Services.GetRequiredService<AccessPolicySource>().RefreshAsync(CancellationToken.None));
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/servers/a")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await ann.GetAsync("/servers/b")).StatusCode);
    }

    [Fact]
    public async Task Roles_teams_and_limits_of_the_token_are_what_is_decided_on()
    {
        await using var service = await ExampleService.StartAsync(servers);
        var owned = TestIssuer.Policy with { Version = 2, Owners = [new ResourceOwner("server:a", "blue")] };
        await service.Services.GetRequiredService<AccessPolicySource>().KeepAsync(owned, CancellationToken.None);
        var ann = new Caller { UserId = Ann, Roles = [BuiltInRoles.User], Teams = ["blue", "green"], Permissions = new HashSet<string> { Permissions.McpServersRead } };

        async Task<HttpStatusCode> AskAsync(Caller caller, string server)
        {
            using var client = service.Client(service.Issuer.CreateToken("ann", caller));
            return (await client.GetAsync($"/servers/{server}")).StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await AskAsync(ann, "a"));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(ann with { Teams = ["green"] }, "a"));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(ann with { Limits = ["server:b", "server:c"] }, "a"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(ann with { Limits = ["server:b", "server:c"] }, "b"));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(ann with { Roles = [BuiltInRoles.Auditor] }, "b"));
    }

    private static AccessPolicy Policy(long version, bool deny, string server = "a") => TestIssuer.Policy with
    {
        Version = version,
        Rules = [new AccessRule
        {
            Id = Guid.CreateVersion7(), SubjectType = RuleSubject.User, Subject = Ann.ToString(), Effect = deny ? RuleEffect.Deny : RuleEffect.Allow, Resource = $"server:{server}",
        }],
    };

    private static AccessPolicyChanged Changed(AccessPolicy policy) =>
        new() { EventId = Guid.CreateVersion7(), OccurredAt = DateTimeOffset.UtcNow, Version = policy.Version, Policy = policy };

    private static string Token(ExampleService service) => service.Issuer.CreateToken(Ann, "ann", Permissions.McpServersRead);

    private static Dictionary<string, string?> NewDatabase(string database) => new() { ["ConnectionStrings:exampledb"] = database };

    private static async Task UntilAsync(HttpClient client, HttpStatusCode status)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while ((await client.GetAsync("/servers/a", limit.Token)).StatusCode != status)
        {
            await Task.Delay(10, limit.Token);
        }
    }
}
