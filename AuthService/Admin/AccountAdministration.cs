using System.Security.Cryptography;
using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.SecondFactor;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;

namespace McpPlatform.AuthService.Admin;

/// <summary>One account, from the console.</summary>
internal sealed class AccountAdministration(AuthDbContext db, EndAccess endAccess, PasswordWork passwords, Totp totp, ActivityLog activities)
{
    /// <summary>Who did it, in the audit trail.</summary>
    public const string Actor = "console";

    public Task<string> UnlockAsync(string username, CancellationToken cancellationToken) => ChangeAsync(username, "auth.unlock", account =>
    {
        (account.AccessFailedCount, account.LockoutEnd, account.LockoutLevel) = (0, null, 0);
        return Task.FromResult($"{account.UserName} may log in again.");
    }, cancellationToken);

    public Task<string> ResetPasswordAsync(string username, CancellationToken cancellationToken) => ChangeAsync(username, "auth.reset_password", async account =>
    {
        var password = RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyz23456789", 20);
        account.PasswordHash = await passwords.HashAsync(password, cancellationToken);
        (account.AccessFailedCount, account.LockoutEnd, account.LockoutLevel) = (0, null, 0);
        await endAccess.OfAllSessionsAsync(account, "password_reset", cancellationToken);
        return $"The new password of {account.UserName} is {password} (shown once; change it after the next login).";
    }, cancellationToken);

    public Task<string> EndSessionsAsync(string username, CancellationToken cancellationToken) => ChangeAsync(username, "auth.end_sessions", async account =>
    {
        await endAccess.OfAllSessionsAsync(account, "ended_by_operator", cancellationToken);
        return $"All sessions of {account.UserName} have ended.";
    }, cancellationToken);

    public Task<string> ResetTotpAsync(string username, CancellationToken cancellationToken) => ChangeAsync(username, "auth.totp.reset", async account =>
        await totp.ResetAsync(account.Id, cancellationToken)
            ? $"{account.UserName} logs in without a second factor, until a new one is enrolled."
            : throw new AdminException($"{account.UserName} has no second factor."), cancellationToken);

    private async Task<string> ChangeAsync(string username, string action, Func<Account, Task<string>> change, CancellationToken cancellationToken)
    {
        if (!Usernames.TryCanonicalize(username, out var canonical))
        {
            throw new AdminException($"'{username}' is no username: {Usernames.Rule}");
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var id = await db.Users.Where(account => account.NormalizedUserName == canonical).Select(account => account.Id).SingleOrDefaultAsync(cancellationToken);
        var account = await db.LockAccountAsync(id, cancellationToken) ?? throw new AdminException($"There is no account '{canonical}'.");
        var before = await ValuesAsync(account, cancellationToken);
        var sentence = await change(account);
        db.AddToOutbox(activities.Create(action, ActivityOutcomes.Succeeded, "account", account.UserName, before, await ValuesAsync(account, cancellationToken)) with { Username = Actor });
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return sentence;
    }

    // What the commands change, of what may be told.
    private async Task<object> ValuesAsync(Account account, CancellationToken cancellationToken) => new
    {
        account.LockoutEnd, FailedLogins = account.AccessFailedCount, SecondFactor = await totp.IsInForceAsync(account.Id, cancellationToken),
        Sessions = await db.Sessions.CountAsync(one => one.Subject == account.Id.ToString() && one.Kind != null && one.Status == OpenIddictConstants.Statuses.Valid, cancellationToken),
    };
}
