using System.Diagnostics;
using System.Net;
using McpPlatform.AuthService.Revocations;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Tests.Revocations;

/// <summary>A revoked token stays revoked, and a live one goes on working, whatever happens to Redis.</summary>
public sealed class RevocationTests(RevocationPlatform platform) : IClassFixture<RevocationPlatform>
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Logout_is_in_force_at_every_replica_of_another_service_within_two_seconds()
    {
        await platform.UntilCompleteAsync();
        await using var one = await platform.StartServiceAsync();
        await using var two = await platform.StartServiceAsync();
        var (token, other) = (await platform.LogInAsync(), await platform.LogInAsync());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await one.AskAsync(token), await two.AskAsync(token)));

        await platform.LogOutAsync(token);

        Assert.InRange(await one.UntilAsync(token, HttpStatusCode.Unauthorized), TimeSpan.Zero, Promised);
        Assert.InRange(await two.UntilAsync(token, HttpStatusCode.Unauthorized), TimeSpan.Zero, Promised);
        Assert.Equal(HttpStatusCode.OK, await one.AskAsync(other));
    }

    [Theory]
    [InlineData("flush")]
    [InlineData("kill")]
    [InlineData("old snapshot")]
    public async Task After_Redis_lost_its_memory_nothing_comes_back_and_it_is_complete_again(string loss)
    {
        await platform.UntilCompleteAsync();
        await platform.Redis.CommandAsync("SAVE");
        var (live, ended) = (await platform.LogInAsync(), await platform.LogInAndOutAsync());
        await using var before = await platform.StartServiceAsync();
        Assert.Equal(HttpStatusCode.OK, await before.AskAsync(live));
        switch (loss)
        {
            case "flush":
                await platform.Redis.CommandAsync("FLUSHALL");
                break;
            case "kill":
                await platform.Redis.CommandAsync("FLUSHALL");
                await platform.Redis.CommandAsync("SAVE");
                goto default;
            default:
                await platform.Redis.StopAsync();
                await platform.Redis.RestartAsync();
                break;
        }

        await using var after = await platform.StartServiceAsync();
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await before.AskAsync(ended), await after.AskAsync(ended)));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await before.AskAsync(live), await after.AskAsync(live)));

        await platform.UntilCompleteAsync();
        await using var later = await platform.StartServiceAsync();
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await later.AskAsync(ended), await later.AskAsync(live)));
    }

    [Fact]
    public async Task Without_Redis_the_database_is_asked_and_a_revocation_is_still_in_force_within_two_seconds()
    {
        await platform.UntilCompleteAsync();
        var (live, ended, ending) = (await platform.LogInAsync(), await platform.LogInAndOutAsync(), await platform.LogInAsync());
        await using var service = await platform.StartServiceAsync();
        Assert.Equal(HttpStatusCode.OK, await service.AskAsync(ending));
        await platform.Redis.StopAsync();
        try
        {
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (await service.AskAsync(live), await service.AskAsync(ended)));

            await platform.LogOutAsync(ending);

            Assert.InRange(await service.UntilAsync(ending, HttpStatusCode.Unauthorized), TimeSpan.Zero, Promised);
            using var me = await platform.AuthService.Client(live).GetAsync("/api/auth/me");
            Assert.Equal(HttpStatusCode.OK, me.StatusCode);
        }
        finally
        {
            await platform.Redis.RestartAsync();
        }
    }

    [Fact]
    public async Task A_Redis_that_hangs_delays_nobody_for_long()
    {
        await platform.UntilCompleteAsync();
        var (_, username) = await platform.AuthService.CreateAccountAsync();
        List<string> tokens = [];
        while (tokens.Count < 16)
        {
            tokens.Add((await platform.AuthService.LogInAsync(username)).AccessToken);
        }

        await using var service = await platform.StartServiceAsync();
        Assert.Equal(HttpStatusCode.OK, await service.AskAsync(tokens[0]));
        platform.Redis.Freeze();
        try
        {
            List<TimeSpan> waits = [];
            foreach (var token in tokens[1..])
            {
                var watch = Stopwatch.StartNew();
                Assert.Equal(HttpStatusCode.OK, await service.AskAsync(token));
                waits.Add(watch.Elapsed);
            }

            // Three find out that it hangs, a quarter of a second each; the others do not wait.
            Assert.InRange(waits.Count(wait => wait > TimeSpan.FromMilliseconds(240)), 1, 6);
        }
        finally
        {
            platform.Redis.Thaw();
        }
    }

    [Fact]
    public async Task What_a_full_Redis_does_not_take_is_in_force_all_the_same()
    {
        await platform.UntilCompleteAsync();
        await using var service = await platform.StartServiceAsync();
        var (live, ended) = (await platform.LogInAsync(), await platform.LogInAsync());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await service.AskAsync(live), await service.AskAsync(ended)));
        await platform.Redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        try
        {
            await platform.LogOutAsync(ended);

            Assert.InRange(await service.UntilAsync(ended, HttpStatusCode.Unauthorized), TimeSpan.Zero, Promised);
            Assert.Equal(HttpStatusCode.OK, await service.AskAsync(live));
        }
        finally
        {
            await platform.Redis.CommandAsync("CONFIG", "SET", "maxmemory", "0");
        }
    }

    [Fact]
    public async Task Revocations_that_have_expired_are_deleted()
    {
        var old = new Revocation { Id = Guid.CreateVersion7(), UserId = Guid.CreateVersion7(), SessionId = Guid.CreateVersion7(), ExpiresAt = DateTimeOffset.UtcNow.AddMinutes(-1) };
        await platform.AuthService.InDatabaseAsync(async db =>
        {
            db.Revocations.Add(old);
            return await db.SaveChangesAsync();
        });

        // A replica prunes when it starts, and every minute.
        await using var replica = platform.AuthService.StartReplica();

        await AuthServiceApplication.EventuallyAsync(() => platform.AuthService.InDatabaseAsync(async db =>
            await db.Revocations.AnyAsync(one => one.Id == old.Id) ? null : "gone"));
    }
}
