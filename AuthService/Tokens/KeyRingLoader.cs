using System.Security.Cryptography;
using McpPlatform.AuthService.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.AuthService.Tokens;

/// <summary>Loads the keys before the first request, looks for other ones every second, and has the rotation done when it is due.</summary>
internal sealed partial class KeyRingLoader(
    IServiceScopeFactory scopes, KeyRing ring, KeyProtector protector, KeySchedule schedule, TimeProvider time, ILogger<KeyRingLoader> logger)
    : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(1);

    // Not at each look: replicas that are started one after another have different opinions on which of the operator's keys is the active one.
    private static readonly TimeSpan ProtectAgainInterval = TimeSpan.FromHours(1);

    // One instance of each key for the life of the process: requests in flight may still hold it.
    private readonly Dictionary<string, (byte[] Row, SecurityKey Key)> loaded = new(StringComparer.Ordinal);
    private readonly HashSet<string> reported = new(StringComparer.Ordinal);
    private DateTimeOffset protectAgainAt;
    private bool failing;

    public async Task StartingAsync(CancellationToken cancellationToken) => await LookAsync(starting: true, cancellationToken);

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(ReloadInterval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await LookAsync(starting: false, stoppingToken);
                failing = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Once for each time that it begins, not every second.
                if (!failing)
                {
                    LogReloadFailed(exception);
                }

                failing = true;
            }
        }
    }

    private async Task LookAsync(bool starting, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        var now = time.GetUtcNow();
        if (starting || now >= protectAgainAt || !Load(await ReadAsync(db, cancellationToken), now))
        {
            await scope.ServiceProvider.GetRequiredService<KeyRotation>().KeepAsync(now >= protectAgainAt, cancellationToken);
            protectAgainAt = now >= protectAgainAt ? now + ProtectAgainInterval : protectAgainAt;
            Load(await ReadAsync(db, cancellationToken), time.GetUtcNow());
        }
    }

    private static Task<List<SigningKey>> ReadAsync(AuthDbContext db, CancellationToken cancellationToken) =>
        db.SigningKeys.AsNoTracking().OrderByDescending(key => key.SignsFrom).ThenByDescending(key => key.Id).ToListAsync(cancellationToken);

    // False: there is something to do for the rotation.
    private bool Load(List<SigningKey> rows, DateTimeOffset now)
    {
        var readable = rows.Where(row => Load(row) is not null).ToList();
        var signing = Enum.GetValues<SigningKeyUse>().Select(use => KeySchedule.Signing(readable, use, now)).ToList();
        if (signing is [{ } access, { } @internal, { } encryption])
        {
            var published = Of(SigningKeyUse.Access, key => new SigningCredentials(key, SecurityAlgorithms.EcdsaSha256));
            var internals = Of(SigningKeyUse.Internal, key => new SigningCredentials(key, SecurityAlgorithms.HmacSha256));
            var encryptions = Of(SigningKeyUse.Encryption, key => new EncryptingCredentials(key, SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
            ring.Replace(new Keys(
                published.First(one => one.Key.KeyId == access.Id), published, internals.First(one => one.Key.KeyId == @internal.Id), internals,
                encryptions.First(one => one.Key.KeyId == encryption.Id), encryptions));
        }

        // Another replica may know what this one cannot read, and must not find it replaced.
        return rows.Exists(row => !protector.Knows(row))
            || !(Enum.GetValues<SigningKeyUse>().Any(use => schedule.NextFrom(rows, readable, use, now) is not null) || rows.Exists(row => schedule.DeletedAt(row, readable) <= now));

        List<T> Of<T>(SigningKeyUse use, Func<SecurityKey, T> make) => [.. readable.Where(row => row.Use == use).Select(row => make(loaded[row.Id].Key))];
    }

    private SecurityKey? Load(SigningKey row)
    {
        var known = loaded.TryGetValue(row.Id, out var before);
        if (known && before.Row.AsSpan().SequenceEqual(row.ProtectedKey))
        {
            return before.Key;
        }

        if (protector.Unprotect(row) is not { } secret)
        {
            if (reported.Add(row.Id))
            {
                LogUnreadable(row.Id, row.Use, row.ProtectionKeyId);
            }

            // Under a new key of the operator that this process was not started with: what it read before is still right.
            return known && !protector.Knows(row) ? before.Key : null;
        }

        var key = known ? before.Key : Import(row, secret);
        loaded[row.Id] = (row.ProtectedKey, key);
        return key;
    }

    private static SecurityKey Import(SigningKey row, byte[] secret)
    {
        if (row.Use != SigningKeyUse.Access)
        {
            return new SymmetricSecurityKey(secret) { KeyId = row.Id };
        }

        var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(secret, out _);
        return new ECDsaSecurityKey(ecdsa) { KeyId = row.Id };
    }

    [LoggerMessage(202, LogLevel.Warning, "The signing keys could not be read again, or not be rotated; the ones in memory stay in use")]
    private partial void LogReloadFailed(Exception exception);

    [LoggerMessage(203, LogLevel.Error, "The {Use} key {KeyId}, encrypted with '{ProtectionKey}', is damaged or needs a key of the operator that is not given; it is not used")]
    private partial void LogUnreadable(string keyId, SigningKeyUse use, string protectionKey);
}
