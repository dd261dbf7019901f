using System.Security.Cryptography;
using McpPlatform.AuthService.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.AuthService.Tokens;

/// <summary>Makes the first keys, loads them before the first request, and looks for other ones every second.</summary>
internal sealed partial class KeyRingLoader(IServiceScopeFactory scopes, KeyRing ring, KeyProtector protector, TimeProvider time, ILogger<KeyRingLoader> logger)
    : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(1);

    // One instance of each key for the life of the process: requests in flight may still hold it.
    private readonly Dictionary<string, SecurityKey> loaded = new(StringComparer.Ordinal);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        await CreateMissingAsync(db, cancellationToken);
        await LoadAsync(db, cancellationToken);
    }

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
                await using var scope = scopes.CreateAsyncScope();
                await LoadAsync(scope.ServiceProvider.GetRequiredService<AuthDbContext>(), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogReloadFailed(exception);
            }
        }
    }

    // Replicas that start together wait for each other, so that there is one key of each kind.
    private async Task CreateMissingAsync(AuthDbContext db, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('auth.signing_keys', 0))", cancellationToken);
        var existing = await db.SigningKeys.Select(key => key.Use).Distinct().ToListAsync(cancellationToken);
        foreach (var use in Enum.GetValues<SigningKeyUse>().Except(existing))
        {
            db.SigningKeys.Add(Create(use));
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private SigningKey Create(SigningKeyUse use)
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var secret = use == SigningKeyUse.Access ? ecdsa.ExportPkcs8PrivateKey() : RandomNumberGenerator.GetBytes(32);
        var id = Guid.CreateVersion7().ToString("N");
        var now = time.GetUtcNow();
        return new SigningKey
        {
            Id = id, Use = use, ProtectedKey = protector.Protect(id, secret), ProtectionKeyId = protector.KeyId, CreatedAt = now, SignsFrom = now,
        };
    }

    private async Task LoadAsync(AuthDbContext db, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var rows = await db.SigningKeys.AsNoTracking().OrderByDescending(key => key.SignsFrom).ToListAsync(cancellationToken);
        var published = rows.Where(key => key.Use == SigningKeyUse.Access)
            .Select(key => (key.SignsFrom, Credentials: new SigningCredentials(Load(key), SecurityAlgorithms.EcdsaSha256))).ToList();
        ring.Replace(new Keys(
            published.First(key => key.SignsFrom <= now).Credentials,
            [.. published.Select(key => key.Credentials)],
            new SigningCredentials(Load(rows.First(key => key.Use == SigningKeyUse.Internal)), SecurityAlgorithms.HmacSha256),
            new EncryptingCredentials(
                Load(rows.First(key => key.Use == SigningKeyUse.Encryption)), SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512)));
    }

    private SecurityKey Load(SigningKey row)
    {
        if (loaded.TryGetValue(row.Id, out var known))
        {
            return known;
        }

        var secret = protector.Unprotect(row.Id, row.ProtectionKeyId, row.ProtectedKey);
        if (row.Use != SigningKeyUse.Access)
        {
            return loaded[row.Id] = new SymmetricSecurityKey(secret) { KeyId = row.Id };
        }

        var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(secret, out _);
        return loaded[row.Id] = new ECDsaSecurityKey(ecdsa) { KeyId = row.Id };
    }

    [LoggerMessage(202, LogLevel.Warning, "The signing keys could not be read again; the ones in memory stay in use")]
    private partial void LogReloadFailed(Exception exception);
}
