using McpPlatform.UserService.Data;
using McpPlatform.UserService.Users;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

/// <summary>The platform always has an admin who can log in: nobody else could make one.</summary>
internal static class LastAdmin
{
    public const string Sentence = "This is the last active admin: make another user admin first.";

    /// <summary>Whether nobody but this user is an active admin. Hold <see cref="Locks.LockGrantsAsync"/> from before the question until the change is committed.</summary>
    public static async Task<bool> IsAsync(UsersDbContext db, User user, CancellationToken cancellationToken) =>
        user is { IsAdmin: true, IsActive: true }
        && !await db.Users.AnyAsync(other => other.IsAdmin && other.IsActive && other.Id != user.Id, cancellationToken);
}
