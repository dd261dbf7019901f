using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.SecondFactor;
using McpPlatform.AuthService.Telemetry;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.Sessions;

/// <summary>
/// The one place that checks a person. The attempt is booked before the password is looked at, in one statement, so that a hundred guesses at once count as a
/// hundred; and the password is verified in every case, so that all refusals take the same time. A refusal is counted for the address and audited here.
/// </summary>
internal sealed partial class Credentials(
    AuthDbContext db, PasswordWork passwords, Totp totp, LoginTurns turns, FailedLoginLimit limit, ActivityLog activities, AuthTelemetry telemetry,
    IHttpContextAccessor accessor, TimeProvider time, ILogger<Credentials> logger)
{
    /// <summary>
    /// One sentence for every credential that does not work: nobody learns which accounts exist, nor from a missing code that the password was right.
    /// </summary>
    public const string Refused =
        "Username, password or one-time code is wrong, or the account cannot be used at the moment. Accounts with a second factor need the code in 'otp'.";

    public const int MaxOtpLength = 64;

    private const int MaxFailures = 5;
    private const int MaxPasswordLength = 4096;
    private const int FirstLockoutSeconds = 60;
    private const int MaxLockoutSeconds = 15 * 60;

    /// <summary>What cannot be a login at all.</summary>
    /// <returns>One sentence, or null.</returns>
    public static string? Malformed(string? username, string? password, string? otp = null) => (username, password) switch
    {
        (null or "", _) or (_, null or "") => "username and password are required.",
        ({ Length: > 256 }, _) => "username must have at most 256 characters.",
        (_, { Length: > MaxPasswordLength }) => $"password must have at most {MaxPasswordLength} characters.",
        _ when username.Any(char.IsControl) => "username must not contain control characters.",
        _ when otp?.Length > MaxOtpLength => $"otp must have at most {MaxOtpLength} characters.",
        _ => null,
    };

    /// <summary>The account, when everything is right; null when anything is not. Whoever hangs up leaves the queue, but breaks off no attempt that has begun.</summary>
    /// <param name="username">As it was typed.</param>
    /// <param name="password">As it was typed.</param>
    /// <param name="otp">A code of the second factor, or a recovery code; looked at only where the account has a second factor.</param>
    /// <param name="cancellationToken">Of the request.</param>
    /// <exception cref="TooManyFailedLoginsException">The address has failed too often.</exception>
    /// <exception cref="PasswordWorkBusyException">Too many log in at once.</exception>
    public async Task<Account?> CheckAsync(string username, string password, string? otp, CancellationToken cancellationToken)
    {
        await ThrowIfLimitedAsync();
        var known = Usernames.TryCanonicalize(username, out var canonical);

        // One attempt per name at a time, whether the account exists or not: right passwords that come at once must not lock each other out.
        // And asked again at the last moment, or all who queued meanwhile would get their guess.
        using var turn = await turns.TakeAsync(canonical, cancellationToken);
        using var place = await passwords.EnterAsync(cancellationToken);
        await ThrowIfLimitedAsync();
        var account = known
            ? await db.Users.AsNoTracking().SingleOrDefaultAsync(one => one.NormalizedUserName == canonical, CancellationToken.None)
            : null;
        if (await PassesAsync(place, account, password, one => totp.PassesAsync(one.Id, otp, CancellationToken.None)))
        {
            return account;
        }

        telemetry.CountLogin("refused");
        await RefuseAsync(activities.Create("auth.login", ActivityOutcomes.Denied, "account", known ? canonical : "?") with { Username = known ? canonical : "?" });
        return null;
    }

    /// <summary>The second step of somebody whom another provider has vouched for. A wrong code counts as a failed login.</summary>
    /// <param name="accountId">Whose account it is.</param>
    /// <param name="otp">A code of the second factor, or a recovery code.</param>
    /// <param name="cancellationToken">Of the request.</param>
    /// <returns>The account, or null when the code is wrong or the account cannot be used.</returns>
    /// <exception cref="TooManyFailedLoginsException">The address has failed too often.</exception>
    public async Task<Account?> CheckCodeAsync(Guid accountId, string otp, CancellationToken cancellationToken)
    {
        var name = await db.Users.Where(one => one.Id == accountId).Select(one => one.NormalizedUserName).SingleOrDefaultAsync(cancellationToken);
        using var turn = await turns.TakeAsync(name ?? string.Empty, cancellationToken);
        await ThrowIfLimitedAsync();
        var account = await db.Users.AsNoTracking().SingleOrDefaultAsync(one => one.Id == accountId, CancellationToken.None);
        if (account is { IsActive: true } && await BookAttemptAsync(account.Id) && await totp.PassesAsync(account.Id, otp, CancellationToken.None))
        {
            await ForgetFailuresAsync(account.Id);
            return account;
        }

        telemetry.CountLogin("refused");
        await RefuseAsync(activities.Create("auth.login", ActivityOutcomes.Denied, "account", name) with { Username = name });
        return null;
    }

    /// <summary>Asks a person who is logged in for the password again. A wrong one counts as a failed login.</summary>
    /// <param name="accountId">Who is logged in.</param>
    /// <param name="password">As it was typed.</param>
    /// <param name="action">What it is needed for, for the audit trail.</param>
    /// <param name="cancellationToken">Of the request.</param>
    /// <returns>The account, or null when the password is wrong or the account locked.</returns>
    /// <exception cref="TooManyFailedLoginsException">The address has failed too often.</exception>
    /// <exception cref="PasswordWorkBusyException">Too many log in at once.</exception>
    public Task<Account?> CheckAgainAsync(Guid accountId, string password, string action, CancellationToken cancellationToken) =>
        CheckAgainAsync(accountId, password, action, _ => Task.FromResult(true), cancellationToken);

    /// <summary>The same, and for a code of the second factor, which is used up.</summary>
    /// <param name="accountId">Who is logged in.</param>
    /// <param name="password">As it was typed.</param>
    /// <param name="otp">A code of the second factor, or a recovery code.</param>
    /// <param name="action">What it is needed for, for the audit trail.</param>
    /// <param name="cancellationToken">Of the request.</param>
    /// <returns>The account, or null when either is wrong or the account locked.</returns>
    public Task<Account?> CheckAgainAsync(Guid accountId, string password, string otp, string action, CancellationToken cancellationToken) =>
        CheckAgainAsync(accountId, password, action, account => totp.PassesAsync(account.Id, otp, CancellationToken.None), cancellationToken);

    private async Task<Account?> CheckAgainAsync(
        Guid accountId, string password, string action, Func<Account, Task<bool>> secondFactor, CancellationToken cancellationToken)
    {
        await ThrowIfLimitedAsync();
        var name = await db.Users.Where(one => one.Id == accountId).Select(one => one.NormalizedUserName).SingleOrDefaultAsync(cancellationToken);
        using var turn = await turns.TakeAsync(name ?? string.Empty, cancellationToken);
        using var place = await passwords.EnterAsync(cancellationToken);
        await ThrowIfLimitedAsync();
        var account = await db.Users.AsNoTracking().SingleOrDefaultAsync(one => one.Id == accountId, CancellationToken.None);
        if (password.Length <= MaxPasswordLength && await PassesAsync(place, account, password, secondFactor))
        {
            return account;
        }

        await RefuseAsync(activities.Create(action, ActivityOutcomes.Denied, "account", name));
        return null;
    }

    private async Task<bool> PassesAsync(PasswordWork.Place place, Account? account, string password, Func<Account, Task<bool>> secondFactor)
    {
        var booked = account is not null && await BookAttemptAsync(account.Id);
        var result = await place.VerifyAsync(account?.PasswordHash, password);
        if (account is not { IsActive: true } || !booked || result == PasswordVerificationResult.Failed || !await secondFactor(account))
        {
            return false;
        }

        await ForgetFailuresAsync(account.Id);
        if (result == PasswordVerificationResult.SuccessRehashNeeded)
        {
            await UpgradeHashAsync(place, account, password);
        }

        return true;
    }

    private Task<int> ForgetFailuresAsync(Guid id) => db.Users.Where(one => one.Id == id).ExecuteUpdateAsync(set => set
        .SetProperty(one => one.AccessFailedCount, 0).SetProperty(one => one.LockoutEnd, (DateTimeOffset?)null).SetProperty(one => one.LockoutLevel, 0));

    private async Task RefuseAsync(ActivityRecorded activity)
    {
        await limit.CountAsync(accessor.HttpContext?.Connection.RemoteIpAddress);
        db.AddToOutbox(activity);
        await db.SaveChangesAsync();
    }

    private async Task ThrowIfLimitedAsync()
    {
        if (await limit.RetryAfterAsync(accessor.HttpContext?.Connection.RemoteIpAddress) is { } wait)
        {
            telemetry.CountLogin("limited");
            throw new TooManyFailedLoginsException(wait);
        }
    }

    // False: the account is locked. While it is, nothing is counted; each lock that follows is twice as long, up to a quarter of an hour.
    private async Task<bool> BookAttemptAsync(Guid id)
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
            """) == 1;
    }

    // Only where nobody changed the password meanwhile; a failure costs the upgrade, not the login.
    private async Task UpgradeHashAsync(PasswordWork.Place place, Account account, string password)
    {
        try
        {
            var (old, hash) = (account.PasswordHash, await place.HashAsync(password));
            if (await db.Users.Where(one => one.Id == account.Id && one.PasswordHash == old).ExecuteUpdateAsync(set => set.SetProperty(one => one.PasswordHash, hash)) == 0)
            {
                // Another login has upgraded it meanwhile, or the password was changed.
                hash = await db.Users.Where(one => one.Id == account.Id).Select(one => one.PasswordHash).SingleAsync();
                if (await place.VerifyAsync(hash, password) == PasswordVerificationResult.Failed)
                {
                    return;
                }
            }

            account.PasswordHash = hash;
        }
        catch (Npgsql.NpgsqlException exception)
        {
            LogUpgradeFailed(account.Id, exception);
        }
    }

    [LoggerMessage(210, LogLevel.Warning, "The password hash of account {AccountId} could not be upgraded")]
    private partial void LogUpgradeFailed(Guid accountId, Exception exception);
}

/// <summary>Too many logins from one address have failed: answer 429.</summary>
internal sealed class TooManyFailedLoginsException(TimeSpan wait) : Exception(Sentence)
{
    public const string Sentence = "Too many failed logins from this address: try again in a minute.";

    /// <summary>How long the address must wait.</summary>
    public TimeSpan Wait => wait;
}
