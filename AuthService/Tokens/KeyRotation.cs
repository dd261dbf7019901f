using System.Security.Cryptography;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace McpPlatform.AuthService.Tokens;

/// <summary>Makes, replaces and removes keys. One process at a time, however many replicas and consoles there are.</summary>
internal sealed class KeyRotation(AuthDbContext db, KeyProtector protector, KeySchedule schedule, ActivityLog activities, TimeProvider time)
{
    /// <summary>By whom, when nobody asked for it.</summary>
    public const string ByItself = "authservice";

    /// <summary>Does what is due: makes keys, deletes those whose time is over.</summary>
    /// <param name="protectAgain">Also encrypts keys again that are under an old key of the operator.</param>
    /// <param name="cancellationToken">Stops before the commit.</param>
    /// <exception cref="ServiceDefaults.Configuration.InvalidConfigurationException">A key is encrypted with one that the operator has not given.</exception>
    public async Task KeepAsync(bool protectAgain, CancellationToken cancellationToken)
    {
        await using var transaction = await LockAsync(cancellationToken);
        var (keys, readable) = await LoadAsync(cancellationToken);
        var now = time.GetUtcNow();
        List<SigningKey> made = [.. Enum.GetValues<SigningKeyUse>()
            .Select(use => schedule.NextFrom(keys, readable, use, now) is { } from ? Add(use, from) : null).OfType<SigningKey>()];
        var deleted = keys.Where(key => schedule.DeletedAt(key, readable) <= now).ToList();
        db.SigningKeys.RemoveRange(deleted);
        if (protectAgain)
        {
            foreach (var key in readable.Except(deleted).Where(key => !protector.IsCurrent(key)))
            {
                protector.Protect(key, protector.Unprotect(key));
            }
        }

        Announce(keys, made, deleted, made.Count > 0 ? "rotated" : "expired", ByItself);
        await CommitAsync(transaction, cancellationToken);
    }

    /// <summary>Publishes a new key of each kind, which signs after the publish lead. Where one is published already, that one stays the next.</summary>
    /// <returns>The keys that sign next.</returns>
    /// <exception cref="ServiceDefaults.Configuration.InvalidConfigurationException">A key is encrypted with one that the operator has not given.</exception>
    public async Task<IReadOnlyList<SigningKey>> RotateAsync(string actor, CancellationToken cancellationToken)
    {
        await using var transaction = await LockAsync(cancellationToken);
        var (keys, readable) = await LoadAsync(cancellationToken);
        var now = time.GetUtcNow();
        List<SigningKey> next = [], made = [];
        foreach (var use in Enum.GetValues<SigningKeyUse>())
        {
            var waiting = readable.Where(key => key.Use == use && key.SignsFrom > now).MaxBy(key => key.SignsFrom);
            next.Add(waiting ?? Add(use, schedule.NextFrom(keys, readable, use, now) ?? now + schedule.PublishLead));
            made.AddRange(waiting is null ? [next[^1]] : []);
        }

        Announce(keys, made, [], "rotated", actor);
        await CommitAsync(transaction, cancellationToken);
        return next;
    }

    /// <summary>Removes a key at once: what it signed is worth nothing any more. If it is the one that signs, a new one does from now on.</summary>
    /// <returns>False when there is no such key.</returns>
    /// <exception cref="ServiceDefaults.Configuration.InvalidConfigurationException">A key is encrypted with one that the operator has not given.</exception>
    public async Task<bool> RemoveAsync(string id, string actor, CancellationToken cancellationToken)
    {
        await using var transaction = await LockAsync(cancellationToken);
        var (keys, readable) = await LoadAsync(cancellationToken);
        if (keys.Find(key => key.Id == id) is not { } removed)
        {
            return false;
        }

        // Not the predecessor, which would sign again otherwise: its own end is near.
        var now = time.GetUtcNow();
        var signing = KeySchedule.Signing(keys, removed.Use, now) == removed;
        db.SigningKeys.Remove(removed);
        Announce(keys, signing ? [Add(removed.Use, now)] : [], [removed], "removed", actor);
        await CommitAsync(transaction, cancellationToken);
        return true;
    }

    private async Task<IDbContextTransaction> LockAsync(CancellationToken cancellationToken)
    {
        var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended('auth.signing_keys', 0))", cancellationToken);
        return transaction;
    }

    private async Task CommitAsync(IDbContextTransaction transaction, CancellationToken cancellationToken)
    {
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<(List<SigningKey> All, List<SigningKey> Readable)> LoadAsync(CancellationToken cancellationToken)
    {
        var keys = await db.SigningKeys.ToListAsync(cancellationToken);
        protector.ThrowIfUnknown(keys);
        return (keys, keys.Where(key => protector.Unprotect(key) is not null).ToList());
    }

    private SigningKey Add(SigningKeyUse use, DateTimeOffset signsFrom)
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var secret = use == SigningKeyUse.Access ? ecdsa.ExportPkcs8PrivateKey() : RandomNumberGenerator.GetBytes(32);
        var key = new SigningKey { Id = Guid.CreateVersion7().ToString("N"), Use = use, CreatedAt = time.GetUtcNow(), SignsFrom = signsFrom };
        protector.Protect(key, secret);
        CryptographicOperations.ZeroMemory(secret);
        db.SigningKeys.Add(key);
        return key;
    }

    private void Announce(List<SigningKey> before, IReadOnlyCollection<SigningKey> made, IReadOnlyCollection<SigningKey> gone, string reason, string actor)
    {
        foreach (var key in gone)
        {
            Record($"auth.keys.{(reason == "removed" ? "remove" : "expire")}", key, actor, removed: true);
        }

        foreach (var key in made)
        {
            Record("auth.keys.create", key, actor, removed: false);
        }

        if (made.Concat(gone).Any(key => key.Use == SigningKeyUse.Access))
        {
            db.AddToOutbox(new SigningKeysChanged
            {
                EventId = Guid.CreateVersion7(), OccurredAt = time.GetUtcNow(), Reason = reason,
                KeyIds = [.. before.Except(gone).Concat(made).Where(key => key.Use == SigningKeyUse.Access).Select(key => key.Id)],
            });
        }
    }

    private void Record(string action, SigningKey key, string actor, bool removed)
    {
        var values = new { key.Use, key.SignsFrom };
        db.AddToOutbox(activities.Create(action, ActivityOutcomes.Succeeded, "signing_key", key.Id, removed ? values : null, removed ? null : values) with { Username = actor });
    }
}
