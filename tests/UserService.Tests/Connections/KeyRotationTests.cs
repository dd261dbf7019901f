using System.Net;
using System.Security.Cryptography;
using McpPlatform.ServiceDefaults.Secrets;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Queries.Engines;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace McpPlatform.UserService.Tests.Connections;

/// <summary>
/// Keys come and go while profiles are used. On an application of its own, since all replicas of one database share the passwords.
/// </summary>
public sealed class KeyRotationTests(TestSupport.PlatformServers servers) : IAsyncLifetime
{
    private const int Count = (2 * RewrapPasswords.Batch) + 7;
    private static readonly string New = "new:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly UserServiceApplication app = new(servers);

    public ValueTask InitializeAsync() => app.InitializeAsync();

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Fact]
    public async Task Passwords_move_to_the_new_key_while_they_are_read_and_the_old_key_may_go()
    {
        await CreateManyAsync();
        await using (var rotating = app.StartReplica(new() { ["DATA_ENCRYPTION_KEYS"] = New }))
        {
            using var stop = new CancellationTokenSource();
            var readers = Enumerable.Range(0, 4).Select(_ => ReadAsync(rotating.Services, stop.Token)).ToArray();
            var sweeps = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => rotating.Services.GetRequiredService<RewrapPasswords>().SweepAsync(CancellationToken.None)));

            // Its own background sweep, and those here, take turns: together each password once.
            while (await LeftAsync(rotating.Services) > 0)
            {
                await rotating.Services.GetRequiredService<RewrapPasswords>().SweepAsync(CancellationToken.None);
            }

            Assert.InRange(sweeps.Sum(), 0, Count);
            await stop.CancelAsync();
            Assert.All(await Task.WhenAll(readers), reads => Assert.True(reads > 0));
        }

        await using var after = app.StartReplica(new() { ["DATA_ENCRYPTION_KEYS"] = New, ["JWT_SECRET_KEY"] = null });
        Assert.Equal(HttpStatusCode.OK, (await after.CreateClient().GetAsync("/health")).StatusCode);
        Assert.Equal(Count, await ReadAllAsync(after.Services));
    }

    [Fact]
    public async Task Without_the_key_of_its_passwords_the_service_is_not_ready_and_deletes_nothing()
    {
        await CreateManyAsync();

        await using (var wrong = app.StartReplica(new() { ["JWT_SECRET_KEY"] = "another secret of at least 32 characters" }))
        {
            var health = await wrong.CreateClient().GetAsync("/health");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
            Assert.Equal("unhealthy", (await health.JsonAsync()).GetProperty("checks").GetProperty("connection-secrets").GetString());
            Assert.Equal(HttpStatusCode.OK, (await wrong.CreateClient().GetAsync("/alive")).StatusCode);
            Assert.Equal(0, await wrong.Services.GetRequiredService<RewrapPasswords>().SweepAsync(CancellationToken.None));
        }

        Assert.Equal(HttpStatusCode.OK, (await app.Anonymous().GetAsync("/health")).StatusCode);
        Assert.Equal(Count, await app.InDatabaseAsync(ReadAllAsync));
    }

    private async Task CreateManyAsync()
    {
        var owner = await app.CreateUserAsync();
        var protector = app.Service<SecretProtector>();
        await app.InDatabaseAsync(db =>
        {
            for (var i = 0; i < Count; i++)
            {
                var profile = ConnectionProfile.Create(
                    owner, "owner", new($"n{i}", DatabaseType.Postgresql, "db.example", 5432, "d", "u", SslMode.Require, true), DateTimeOffset.UtcNow);
                profile.SetPassword(protector, $"password {i}");
                db.Add(profile);
            }

            return db.SaveChangesAsync();
        });
    }

    private static async Task<int> ReadAsync(IServiceProvider services, CancellationToken stop)
    {
        var reads = 0;
        do
        {
            Assert.Equal(Count, await ReadAllAsync(services));
            reads++;
        }
        while (!stop.IsCancellationRequested);

        return reads;
    }

    private static async Task<int> LeftAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        var active = services.GetRequiredService<SecretProtector>().ActiveKey;
        return await scope.ServiceProvider.GetRequiredService<UsersDbContext>().Connections.CountAsync(profile => profile.PasswordKey != active);
    }

    private static async Task<int> ReadAllAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        return await ReadAllAsync(scope.ServiceProvider.GetRequiredService<UsersDbContext>(), services.GetRequiredService<SecretProtector>());
    }

    private Task<int> ReadAllAsync(UsersDbContext db) => ReadAllAsync(db, app.Service<SecretProtector>());

    private static async Task<int> ReadAllAsync(UsersDbContext db, SecretProtector protector)
    {
        var profiles = await db.Connections.AsNoTracking().ToListAsync();
        Assert.All(profiles, profile => Assert.Equal($"password {profile.Name[1..]}", profile.ToTarget(protector).Password));
        return profiles.Count;
    }
}
