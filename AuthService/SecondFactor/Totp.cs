using System.Security.Cryptography;
using System.Text;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.SecondFactor;

/// <summary>The second factor of accounts that have one: a code of an authenticator, or one of ten recovery codes. Each works once.</summary>
internal sealed partial class Totp(AuthDbContext db, SecretProtector protector, ActivityLog activities, TimeProvider time, ILogger<Totp> logger)
{
    private const int RecoveryCodes = 10, RecoveryCodeBytes = 10, RecoveryCodeLength = 16;

    /// <summary>Whether a login may go on: there is no second factor, or the code is right. A right one is used up.</summary>
    public async Task<bool> PassesAsync(Guid userId, string? otp, CancellationToken cancellationToken)
    {
        var enrollment = await db.TotpEnrollments.AsNoTracking().SingleOrDefaultAsync(one => one.UserId == userId && one.ConfirmedAt != null, cancellationToken);
        return enrollment is null || await UseCodeAsync(enrollment, otp, cancellationToken) || await UseRecoveryCodeAsync(userId, otp, cancellationToken);
    }

    /// <summary>Whether an account has a second factor.</summary>
    public Task<bool> IsInForceAsync(Guid userId, CancellationToken cancellationToken) =>
        db.TotpEnrollments.AnyAsync(one => one.UserId == userId && one.ConfirmedAt != null, cancellationToken);

    /// <summary>A new secret for an authenticator. It changes nothing until a code of it is confirmed.</summary>
    /// <returns>The secret, or null when a second factor is in force: it must be given up first.</returns>
    public async Task<byte[]?> EnrollAsync(Guid userId, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockAccountAsync(userId, cancellationToken);
        var enrollment = await db.TotpEnrollments.SingleOrDefaultAsync(one => one.UserId == userId, cancellationToken);
        if (enrollment?.ConfirmedAt is not null)
        {
            return null;
        }

        var secret = RandomNumberGenerator.GetBytes(TotpCode.SecretBytes);
        enrollment?.Replace(secret, protector, time.GetUtcNow());
        if (enrollment is null)
        {
            db.TotpEnrollments.Add(TotpEnrollment.Create(userId, secret, protector, time.GetUtcNow()));
        }

        db.AddToOutbox(activities.Create("auth.totp.enroll", ActivityOutcomes.Succeeded, "account", userId.ToString()));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return secret;
    }

    /// <summary>From now on every login needs a code.</summary>
    /// <returns>The recovery codes, to be shown once; null when the code is not one of the enrolled secret, or nothing waits for one; after ten wrong ones nothing does.</returns>
    public async Task<IReadOnlyList<string>?> ConfirmAsync(Guid userId, string otp, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockAccountAsync(userId, cancellationToken);
        var enrollment = await db.TotpEnrollments.SingleOrDefaultAsync(one => one.UserId == userId && one.ConfirmedAt == null, cancellationToken);
        if (enrollment is null || !await UseCodeAsync(enrollment, otp, cancellationToken))
        {
            if (enrollment?.CountWrongCode() == false)
            {
                db.TotpEnrollments.Remove(enrollment);
            }

            db.AddToOutbox(activities.Create("auth.totp.confirm", ActivityOutcomes.Denied, "account", userId.ToString()));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return null;
        }

        enrollment.Confirm(time.GetUtcNow());
        await db.RecoveryCodes.Where(code => code.UserId == userId).ExecuteDeleteAsync(cancellationToken);
        List<string> codes = [.. Enumerable.Range(0, RecoveryCodes).Select(_ => TotpCode.Base32(RandomNumberGenerator.GetBytes(RecoveryCodeBytes)).ToLowerInvariant())];
        db.RecoveryCodes.AddRange(codes.Select(code => new RecoveryCode { Id = Guid.CreateVersion7(), UserId = userId, Hash = Hash(code) }));
        db.AddToOutbox(activities.Create(
            "auth.totp.confirm", ActivityOutcomes.Succeeded, "account", userId.ToString(), new { SecondFactor = false }, new { SecondFactor = true }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return [.. codes.Select(code => string.Join('-', code.Chunk(4).Select(part => new string(part))))];
    }

    /// <summary>
    /// Takes the second factor away, in the caller's transaction; call SaveChanges after it. For whoever has lost the authenticator and the recovery codes: the
    /// caller has made sure of who it is, and audits it.
    /// </summary>
    /// <returns>False when there was none.</returns>
    public async Task<bool> ResetAsync(Guid userId, CancellationToken cancellationToken)
    {
        await db.RecoveryCodes.Where(code => code.UserId == userId).ExecuteDeleteAsync(cancellationToken);
        return await db.TotpEnrollments.Where(one => one.UserId == userId).ExecuteDeleteAsync(cancellationToken) == 1;
    }

    // Of many requests with the same code one wins this update.
    private async Task<bool> UseCodeAsync(TotpEnrollment enrollment, string? otp, CancellationToken cancellationToken)
    {
        try
        {
            return TotpCode.Find(enrollment.Secret(protector), otp, time.GetUtcNow()) is { } step && await db.TotpEnrollments
                .Where(one => one.UserId == enrollment.UserId && (one.LastStep == null || one.LastStep < step))
                .ExecuteUpdateAsync(set => set.SetProperty(one => one.LastStep, step), cancellationToken) == 1;
        }
        catch (SecretUnreadableException exception)
        {
            // Not knowing the code is no reason to do without: a recovery code still works, and the console can reset it.
            LogUnreadable(enrollment.UserId, exception.Message);
            return false;
        }
    }

    private async Task<bool> UseRecoveryCodeAsync(Guid userId, string? otp, CancellationToken cancellationToken)
    {
        var code = otp is null ? string.Empty : string.Concat(otp.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
        if (code.Length != RecoveryCodeLength)
        {
            return false;
        }

        var (hash, now) = (Hash(code), time.GetUtcNow());
        if (await db.RecoveryCodes.Where(one => one.UserId == userId && one.Hash == hash && one.UsedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.UsedAt, now), cancellationToken) != 1)
        {
            return false;
        }

        db.AddToOutbox(activities.Create("auth.recovery_code.use", ActivityOutcomes.Succeeded, "account", userId.ToString()) with { UserId = userId });
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }

    private static byte[] Hash(string code) => SHA256.HashData(Encoding.ASCII.GetBytes(code));

    [LoggerMessage(230, LogLevel.Error, "The second factor of account {AccountId} cannot be checked: {Reason}")]
    private partial void LogUnreadable(Guid accountId, string reason);
}
