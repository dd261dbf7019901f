using System.Security.Cryptography;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AnalyticsService.Audit;

/// <summary>The keys that sign checkpoints: made at the first need, kept encrypted with the operator's key, made anew when that does not open any.</summary>
internal sealed class AuditKeys(SecretProtector protector, TimeProvider time)
{
    private const int IdBytes = 12;
    private const DSASignatureFormat Format = DSASignatureFormat.IeeeP1363FixedFieldConcatenation;

    /// <summary>The key to sign with; made, to be saved with the transaction, when there is none that can be opened.</summary>
    public async Task<(string Id, ECDsa Key)> SigningKeyAsync(AnalyticsDbContext db, CancellationToken cancellationToken)
    {
        (string Id, ECDsa Key)? newest = null;
        foreach (var stored in await db.AuditKeys.AsNoTracking().OrderBy(key => key.CreatedAt).ToListAsync(cancellationToken))
        {
            if (TryOpen(stored) is not { } found)
            {
                continue;
            }

            newest = (stored.KeyId, found);
            if (stored.SecretKey != protector.ActiveKey)
            {
                // The operator has changed the key, and may take the old one away.
                var again = protector.Protect(found.ExportPkcs8PrivateKey(), Context(stored.KeyId));
                await db.AuditKeys.Where(key => key.KeyId == stored.KeyId).ExecuteUpdateAsync(
                    set => set.SetProperty(key => key.ProtectedKey, again).SetProperty(key => key.SecretKey, protector.ActiveKey), cancellationToken);
            }
        }

        if (newest is { } existing)
        {
            return existing;
        }

        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var publicKey = key.ExportSubjectPublicKeyInfo();
        var id = Convert.ToHexStringLower(SHA256.HashData(publicKey).AsSpan(0, IdBytes));
        db.Add(new AuditKey
        {
            KeyId = id, PublicKey = publicKey, ProtectedKey = protector.Protect(key.ExportPkcs8PrivateKey(), Context(id)), SecretKey = protector.ActiveKey, CreatedAt = time.GetUtcNow(),
        });
        return (id, key);
    }

    /// <summary>
    /// The public keys by their ids. Only those count whose private part opens with the operator's key: who can write to the database could have put others there.
    /// </summary>
    public async Task<Dictionary<string, ECDsa>> PublicKeysAsync(AnalyticsDbContext db, CancellationToken cancellationToken)
    {
        Dictionary<string, ECDsa> keys = new(StringComparer.Ordinal);
        foreach (var stored in await db.AuditKeys.ToListAsync(cancellationToken))
        {
            if (TryOpen(stored) is { } key)
            {
                keys[stored.KeyId] = key;
            }
        }

        return keys;
    }

    public static byte[] Sign(ECDsa key, byte[] hash) => key.SignHash(hash, Format);

    public static bool IsSigned(ECDsa key, byte[] hash, byte[] signature) => key.VerifyHash(hash, signature, Format);

    private static string Context(string id) => $"audit_keys|{id}|analyticsservice";

    private ECDsa? TryOpen(AuditKey stored)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(protector.Unprotect(stored.ProtectedKey, Context(stored.KeyId)), out _);
            return key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(stored.PublicKey) ? key : null;
        }
        catch (Exception exception) when (exception is SecretUnreadableException or CryptographicException)
        {
            return null;
        }
    }
}
