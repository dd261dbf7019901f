using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Data;

namespace McpPlatform.UserService.Users;

internal static class Activation
{
    /// <summary>
    /// Enables or disables a user and tells AuthService, in the caller's transaction: the account itself, and the grants, so that even a
    /// token that slipped through allows nothing.
    /// </summary>
    public static void SetActive(this UsersDbContext db, User user, bool active, RoleGrants grants, DateTimeOffset now)
    {
        user.SetActive(active, now);
        db.AddToOutbox(active
            ? new UserEnabled { EventId = Guid.CreateVersion7(), OccurredAt = now, UserId = user.Id, Version = user.GrantsVersion }
            : new UserDisabled { EventId = Guid.CreateVersion7(), OccurredAt = now, UserId = user.Id, Version = user.GrantsVersion });
        db.AddToOutbox((active ? grants : RoleGrants.None).ToFact(user, now));
    }

    /// <summary>Changes a user's address and tells AuthService, in the caller's transaction.</summary>
    public static void SetEmail(this UsersDbContext db, User user, string? email, DateTimeOffset now)
    {
        user.SetEmail(email, now);
        db.AddToOutbox(new UserEmailChanged
        {
            EventId = Guid.CreateVersion7(), OccurredAt = now, UserId = user.Id, Email = email, Version = user.EmailVersion,
        });
    }
}
