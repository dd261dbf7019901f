using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Connections;

/// <summary>Which profiles a caller may see and use. What may not be seen is not there.</summary>
internal static class ConnectionAccess
{
    /// <summary>Profiles whose owner is active: those of a disabled user are of no use to anybody.</summary>
    public static IQueryable<ConnectionProfile> UsableConnections(this UsersDbContext db) =>
        db.Connections.Include(profile => profile.Shares).Where(profile => db.Users.Any(user => user.Id == profile.OwnerId && user.IsActive));

    /// <summary>Finds a profile that the caller may use.</summary>
    /// <param name="db">The database.</param>
    /// <param name="decider">Decides for the caller.</param>
    /// <param name="id">The profile's id.</param>
    /// <param name="permission">What the caller wants to do with it, such as <see cref="Permissions.DbQuery"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The profile; null, which is answered with 404, when there is none or the caller may not use it.</returns>
    public static async Task<ConnectionProfile?> FindUsableAsync(
        UsersDbContext db, AccessDecider decider, Guid id, string permission, CancellationToken cancellationToken) =>
        await db.UsableConnections().AsNoTracking().SingleOrDefaultAsync(profile => profile.Id == id, cancellationToken) is { } profile
        && decider.Decide(permission, profile.Resource).Allowed
            ? profile : null;

    /// <summary>Finds a profile that the caller may see: to manage it, or to query it.</summary>
    public static async Task<ConnectionProfile?> FindVisibleAsync(UsersDbContext db, AccessDecider decider, Guid id, CancellationToken cancellationToken) =>
        await db.UsableConnections().AsNoTracking().SingleOrDefaultAsync(profile => profile.Id == id, cancellationToken) is { } profile
        && decider.MaySee(profile) ? profile : null;

    public static bool MaySee(this AccessDecider decider, ConnectionProfile profile) =>
        decider.Decide(Permissions.DbConnectionsManage, profile.Resource).Allowed || decider.Decide(Permissions.DbQuery, profile.Resource).Allowed;

    /// <summary>Reads the caller's own profile for change, and keeps others from changing it until the transaction ends.</summary>
    /// <returns>Null when it is not the caller's, or a rule denies it.</returns>
    public static async Task<ConnectionProfile?> LockOwnAsync(
        this UsersDbContext db, AccessDecider decider, Guid id, Guid ownerId, CancellationToken cancellationToken)
    {
        var profile = await db.Connections
            .FromSql($"SELECT *, xmin FROM users.database_connections WHERE id = {id} AND owner_id = {ownerId} FOR UPDATE")
            .SingleOrDefaultAsync(cancellationToken);
        if (profile is null)
        {
            return null;
        }

        await db.Entry(profile).Collection(x => x.Shares).LoadAsync(cancellationToken);
        return decider.Decide(Permissions.DbConnectionsManage, profile.Resource).Allowed ? profile : null;
    }
}
