using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Sessions;

/// <summary>
/// Checks name and password. The attempt is booked before the password is looked at, in one statement, so that a hundred guesses at once count as a
/// hundred; and the password is verified in every case, so that all refusals take the same time.
/// </summary>
internal sealed partial class Credentials(
    AuthDbContext db, PasswordWork passwords, LoginTurns turns, TimeProvider time, ILogger<Credentials> logger)
{
    private const int MaxFailures = 5;
    private const int MaxPasswordLength = 4096;
    private const int FirstLockoutSeconds = 60;
    private const int MaxLockoutSeconds = 15 * 60;

    /// <summary>What cannot be a login at all.</summary>
    /// <returns>One sentence, or null.</returns>
    public static string? Malformed(string? username, string? password) => (username, password) switch
    {
        (null or "", _) or (_, null or "") => "username and password are required.",
        ({ Length: > 256 }, _) => "username must have at most 256 characters.",
        (_, { Length: > MaxPasswordLength }) => $"password must have at most {MaxPasswordLength} characters.",
        _ when username.Any(char.IsControl) => "username must not contain control characters.",
        _ => null,
    };

    /// <summary>The account, when everything is right; null when anything is not. Whoever hangs up leaves the queue, but breaks off no attempt that has begun.</summary>
    public async Task<Account?> CheckAsync(string username, string password, CancellationToken cancellationToken)
    {
        var known = Usernames.TryCanonicalize(username, out var canonical);

        // One attempt per name at a time, whether the account exists or not: right passwords that come at once must not lock each other out.
        using var turn = await turns.TakeAsync(canonical, cancellationToken);
        cancellationToken = CancellationToken.None;
        var account = known
            ? await db.Users.AsNoTracking().SingleOrDefaultAsync(one => one.NormalizedUserName == canonical, cancellationToken)
            : null;
        var booked = account is not null && await BookAttemptAsync(account.Id, cancellationToken);
        var result = await passwords.VerifyAsync(account?.PasswordHash, password, cancellationToken);
        if (account is not { IsActive: true } || !booked || result == PasswordVerificationResult.Failed)
        {
            return null;
        }

        await db.Users.Where(one => one.Id == account.Id).ExecuteUpdateAsync(
            set => set.SetProperty(one => one.AccessFailedCount, 0).SetProperty(one => one.LockoutEnd, (DateTimeOffset?)null).SetProperty(one => one.LockoutLevel, 0),
            cancellationToken);
        if (result == PasswordVerificationResult.SuccessRehashNeeded)
        {
            await UpgradeHashAsync(account, password, cancellationToken);
        }

        return account;
    }

    // False: the account is locked. While it is, nothing is counted; each lock that follows is twice as long, up to a quarter of an hour.
    private async Task<bool> BookAttemptAsync(Guid id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return await db.Database.ExecuteSqlAsync(
            $"""
            UPDATE auth.users SET
                lockout_end = CASE WHEN access_failed_count + 1 >= {MaxFailures}
                    THEN {now} + make_interval(secs => LEAST({FirstLockoutSeconds} * power(2, LEAST(lockout_level, 10)), {MaxLockoutSeconds})) END,
                lockout_level = lockout_level + CASE WHEN access_failed_count + 1 >= {MaxFailures} THEN 1 ELSE 0 END,
                access_failed_count = CASE WHEN access_failed_count + 1 >= {MaxFailures} THEN 0 ELSE access_failed_count + 1 END
            WHERE id = {id} AND (lockout_end IS NULL OR lockout_end <= {now})
            """,
            cancellationToken) == 1;
    }

    // Only where nobody changed the password meanwhile; a failure costs the upgrade, not the login.
    private async Task UpgradeHashAsync(Account account, string password, CancellationToken cancellationToken)
    {
        try
        {
            var hash = await passwords.HashAsync(password, cancellationToken);
            await db.Users.Where(one => one.Id == account.Id && one.PasswordHash == account.PasswordHash)
                .ExecuteUpdateAsync(set => set.SetProperty(one => one.PasswordHash, hash), cancellationToken);
        }
        catch (Exception exception) when (exception is Npgsql.NpgsqlException or PasswordWorkBusyException)
        {
            LogUpgradeFailed(account.Id, exception);
        }
    }

    [LoggerMessage(210, LogLevel.Warning, "The password hash of account {AccountId} could not be upgraded")]
    private partial void LogUpgradeFailed(Guid accountId, Exception exception);
}
