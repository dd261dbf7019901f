using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.AuthService.External;

/// <summary>Which account somebody from another provider has here: the one that is linked with issuer and subject, and no other. An e-mail address proves nothing.</summary>
internal sealed class ExternalAccounts(AuthDbContext db, ActivityLog activities, TimeProvider time)
{
    private const int NamesTried = 20;

    public Task<Account?> FindAsync(ExternalIdentity identity, CancellationToken cancellationToken) =>
        db.UserLogins.Where(login => login.LoginProvider == identity.Issuer && login.ProviderKey == identity.Subject)
            .Join(db.Users, login => login.UserId, account => account.Id, (_, account) => account).AsNoTracking().SingleOrDefaultAsync(cancellationToken);

    /// <summary>Links an account whose owner has just proved to be both.</summary>
    /// <returns>False when the identity belongs to another account already.</returns>
    public async Task<bool> LinkAsync(Account account, ExternalIdentity identity)
    {
        // The owner has decided; a browser that hangs up changes nothing.
        var cancellationToken = CancellationToken.None;
        if (await FindAsync(identity, cancellationToken) is { } owner)
        {
            return owner.Id == account.Id;
        }

        db.UserLogins.Add(LoginOf(account, identity));
        db.AddToOutbox(Linked(account, identity));
        return await TrySaveAsync();
    }

    /// <summary>Makes an account for somebody who comes for the first time: an ordinary user's, without a password.</summary>
    /// <returns>Null when no username could be made of what the provider says.</returns>
    public async Task<Account?> CreateAsync(ExternalIdentity identity)
    {
        var (now, name) = (time.GetUtcNow(), identity.Name.Split('@')[0]);
        for (var i = 1; i <= NamesTried; i++)
        {
            if (!Usernames.TryCanonicalize(i == 1 ? name : $"{name}-{i}", out var username) || await db.Users.AnyAsync(account => account.NormalizedUserName == username))
            {
                continue;
            }

            var account = Account.Create(
                Guid.CreateVersion7(now), username, identity.Email, [BuiltInRoles.User], BuiltInRoles.Permissions[BuiltInRoles.User], now);
            db.Users.Add(account);
            db.UserLogins.Add(LoginOf(account, identity));
            db.AddToOutbox(new UserCreated
            {
                EventId = Guid.CreateVersion7(), OccurredAt = now, UserId = account.Id, Username = username, Email = account.Email, Roles = account.Roles,
            });
            db.AddToOutbox(Linked(account, identity));
            if (await TrySaveAsync())
            {
                return account;
            }

            // The same person in another tab, or another one who took the name.
            if (await FindAsync(identity, CancellationToken.None) is { } meanwhile)
            {
                return meanwhile;
            }
        }

        return null;
    }

    private static IdentityUserLogin<Guid> LoginOf(Account account, ExternalIdentity identity) => new()
    {
        UserId = account.Id, LoginProvider = identity.Issuer, ProviderKey = identity.Subject, ProviderDisplayName = identity.Provider,
    };

    private ActivityRecorded Linked(Account account, ExternalIdentity identity) => activities.Create(
        "auth.external.link", ActivityOutcomes.Succeeded, "account", account.UserName, newValues: new { provider = identity.Provider, issuer = identity.Issuer, subject = identity.Subject }) with
    {
        UserId = account.Id, Username = account.UserName,
    };

    private async Task<bool> TrySaveAsync()
    {
        try
        {
            await db.SaveChangesAsync();
            return true;
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // What failed must not be tried again with the next thing that is saved.
            db.ChangeTracker.Clear();
            return false;
        }
    }
}
