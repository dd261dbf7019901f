using MassTransit;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Data;

namespace McpPlatform.UserService.Users;

/// <summary>Makes the profile of an account that was not made here (the first admin's), or whose request broke off after the account was made.</summary>
internal sealed class CreateProfile(UsersDbContext db) : IConsumer<UserCreated>
{
    public Task Consume(ConsumeContext<UserCreated> context) =>
        db.ApplyOnceAsync(context.Message, nameof(CreateProfile), token => ApplyAsync(context.Message, token), context.CancellationToken);

    private async Task ApplyAsync(UserCreated account, CancellationToken cancellationToken)
    {
        await db.LockNewUserAsync(account.UserId, cancellationToken);
        if (await db.FinishUserAsync(account.UserId, account.Username, account.OccurredAt, cancellationToken) is null)
        {
            var grants = await RoleGrants.LoadAsync(db, account.Roles, cancellationToken);
            var user = User.Create(account.UserId, account.Username, account.Email, grants.Roles, account.OccurredAt);
            db.Add(user);
            if (!account.IsActive)
            {
                user.SetActive(false, account.OccurredAt);
            }

            // AuthService knows what the built-in roles give, and of the others only what it is told.
            if (!account.Roles.All(BuiltInRoles.Permissions.ContainsKey))
            {
                user.TouchGrants(account.OccurredAt);
                db.AddToOutbox(grants.ToFact(user, account.OccurredAt));
            }
        }
    }
}
