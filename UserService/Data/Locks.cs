using McpPlatform.UserService.Users;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Data;

/// <summary>
/// What may not happen at the same time, in whichever replica. Always in this order (grants, then one user), so that nobody waits in a circle;
/// every lock ends with the transaction.
/// </summary>
internal static class Locks
{
    /// <summary>One change of roles or of who is active at a time: "is there another active admin?" is only true while nobody else answers it.</summary>
    public static Task LockGrantsAsync(this UsersDbContext db, CancellationToken cancellationToken) => db.LockAsync("users.grants", cancellationToken);

    /// <summary>Held while a profile is made: the request that creates a user and the event that tells of it come to do the same.</summary>
    public static Task LockNewUserAsync(this UsersDbContext db, Guid id, CancellationToken cancellationToken) => db.LockAsync($"users.new.{id}", cancellationToken);

    /// <summary>Reads a user's row and its roles, for change; null when there is none.</summary>
    public static async Task<User?> LockUserAsync(this UsersDbContext db, Guid id, CancellationToken cancellationToken)
    {
        var user = await db.Users.FromSql($"SELECT *, xmin FROM users.users WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (user is not null)
        {
            await db.Entry(user).Collection(x => x.Roles).LoadAsync(cancellationToken);
        }

        return user;
    }

    /// <summary>A lease for work that one replica at a time does: it ends with the transaction.</summary>
    /// <returns>False when another holds it.</returns>
    public static Task<bool> TryLockAsync(this UsersDbContext db, string name, CancellationToken cancellationToken) =>
        db.Database.SqlQuery<bool>($"SELECT pg_try_advisory_xact_lock(hashtextextended({name}, 0)) AS \"Value\"").SingleAsync(cancellationToken);

    private static Task<int> LockAsync(this UsersDbContext db, string name, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({name}, 0))", cancellationToken);
}
