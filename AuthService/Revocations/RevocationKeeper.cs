using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Tokens;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.EntityFrameworkCore;
using StackExchange.Redis;

namespace McpPlatform.AuthService.Revocations;

/// <summary>
/// Keeps Redis complete, twice a second: copies what is new; after a flush, a restart or a failover writes everything again before it sets the mark; takes
/// the mark away when something cannot be written. Also announces which signing keys are valid. Each replica does so, which is harmless: every step may
/// be repeated.
/// </summary>
internal sealed partial class RevocationKeeper(
    IServiceScopeFactory scopes, IConnectionMultiplexer redis, RevocationList list, KeyRing ring, TimeProvider time, ILogger<RevocationKeeper> logger) : BackgroundService
{
    private const int Page = 500;
    private const string RunIdOf = "string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')";
    private const string IsComplete = $"return redis.call('GET', KEYS[1]) == {RunIdOf} and 1 or 0";
    private const string Begin = $"redis.call('SET', KEYS[1], ARGV[1], 'PX', 60000) return {RunIdOf}";

    // Not if Redis was flushed, restarted or replaced since the beginning: then something of what was written may be gone.
    private const string Finish = $"""
        if redis.call('GET', KEYS[1]) ~= ARGV[1] or {RunIdOf} ~= ARGV[2] then return 0 end
        redis.call('DEL', KEYS[1])
        redis.call('SET', KEYS[2], ARGV[2])
        return 1
        """;

    private static readonly RedisKey Mark = RevocationList.CompleteKey, Rewriting = "revoked:rewriting";
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500), BetweenPrunes = TimeSpan.FromMinutes(1), KeysLive = TimeSpan.FromSeconds(5);
    private long? prunedAt;
    private bool reachable = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, time);
        do
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await KeepAsync(scope.ServiceProvider.GetRequiredService<AuthDbContext>(), stoppingToken);
                reachable = true;
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                if (reachable)
                {
                    LogNotKept(exception);
                }

                reachable = false;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task KeepAsync(AuthDbContext db, CancellationToken cancellationToken)
    {
        if (prunedAt is not { } last || time.GetElapsedTime(last) > BetweenPrunes)
        {
            var now = time.GetUtcNow();
            await db.Revocations.Where(one => one.ExpiresAt <= now).ExecuteDeleteAsync(cancellationToken);
            prunedAt = time.GetTimestamp();
        }

        await CopyNewAsync(db, cancellationToken);
        var database = redis.GetDatabase();
        if ((int)await database.ScriptEvaluateAsync(IsComplete, [Mark]) == 0)
        {
            await RewriteAsync(db, database, cancellationToken);
        }

        await database.StringSetAsync(RevocationList.SigningKeysKey, RevocationList.Fingerprint(ring.Current.Published.Select(key => key.Key.KeyId)), KeysLive);
    }

    private async Task CopyNewAsync(AuthDbContext db, CancellationToken cancellationToken)
    {
        var fresh = await db.Revocations.AsNoTracking().Where(one => one.CopiedAt == null).OrderBy(one => one.Id).Take(Page).ToListAsync(cancellationToken);
        if (fresh.Count == 0)
        {
            return;
        }

        try
        {
            await WriteAsync(fresh, announce: true);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // A full Redis still deletes. From now on everyone asks the database.
            await redis.GetDatabase().KeyDeleteAsync(Mark);
            throw;
        }

        var ids = fresh.Select(one => one.Id).ToList();
        await db.Revocations.Where(one => ids.Contains(one.Id)).ExecuteUpdateAsync(set => set.SetProperty(one => one.CopiedAt, time.GetUtcNow()), cancellationToken);
    }

    private async Task RewriteAsync(AuthDbContext db, IDatabase database, CancellationToken cancellationToken)
    {
        var attempt = Guid.CreateVersion7().ToString();
        var process = (string?)await database.ScriptEvaluateAsync(Begin, [Rewriting], [attempt]);
        var (after, written, now) = (Guid.Empty, 0, time.GetUtcNow());
        while (true)
        {
            var page = await db.Revocations.AsNoTracking().Where(one => one.Id > after && one.ExpiresAt > now).OrderBy(one => one.Id).Take(Page).ToListAsync(cancellationToken);
            await WriteAsync(page, announce: false);
            written += page.Count;
            if (page.Count < Page)
            {
                break;
            }

            after = page[^1].Id;
        }

        if ((int)await database.ScriptEvaluateAsync(Finish, [Rewriting, Mark], [attempt, process]) == 1)
        {
            LogRewritten(written);
        }
    }

    private Task WriteAsync(List<Revocation> rows, bool announce)
    {
        var now = time.GetUtcNow();
        return Task.WhenAll(rows.Where(row => row.ExpiresAt > now).Select(row => row switch
        {
            { SessionId: { } session } => list.RevokeSessionAsync(session.ToString(), row.ExpiresAt - now, announce),
            { Version: { } version } => list.RevokeUserAsync(row.UserId, version, row.ExpiresAt - now, announce),
            _ => Task.CompletedTask,
        }));
    }

    [LoggerMessage(240, LogLevel.Warning, "Revocations cannot be copied to Redis at the moment; tokens are checked in the database meanwhile")]
    private partial void LogNotKept(Exception exception);

    [LoggerMessage(241, LogLevel.Information, "Redis had lost the revocations, or never had them: {Count} written again")]
    private partial void LogRewritten(int count);
}
