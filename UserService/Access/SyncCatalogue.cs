using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

/// <summary>
/// Brings the rows of the permissions and the built-in roles in line with Contracts. Part of the migrate step, so that no service ever runs without them;
/// whoever holds a role that changed gets new grants in the same transaction, and every service the policy.
/// </summary>
internal static class SyncCatalogue
{
    private static readonly Dictionary<string, string> Descriptions = new(StringComparer.Ordinal)
    {
        [BuiltInRoles.Admin] = "May do everything.",
        [BuiltInRoles.User] = "Uses MCP servers, databases and tests.",
        [BuiltInRoles.Auditor] = "Reads analytics and the audit trail, changes nothing.",
    };

    public static async Task RunAsync(UsersDbContext db, CancellationToken cancellationToken)
    {
        // The migrate step has a transaction open or not, depending on whether there was anything to migrate.
        await using var transaction = db.Database.CurrentTransaction is null ? await db.Database.BeginTransactionAsync(cancellationToken) : null;
        await db.LockGrantsAsync(cancellationToken);
        await SyncPermissionsAsync(db, cancellationToken);
        var changed = await SyncRolesAsync(db, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        List<Guid> holders = [];
        foreach (var role in changed)
        {
            holders.AddRange(await db.HoldersOf(role).ToListAsync(cancellationToken));
        }

        var now = TimeProvider.System.GetUtcNow();
        await db.PublishGrantsAsync(holders, now, cancellationToken);
        await db.PublishPolicyAsync(now, cancellationToken);
        if (transaction is not null)
        {
            await transaction.CommitAsync(cancellationToken);
        }
    }

    private static async Task SyncPermissionsAsync(UsersDbContext db, CancellationToken cancellationToken)
    {
        var rows = await db.Permissions.ToDictionaryAsync(permission => permission.Name, cancellationToken);
        foreach (var (name, description) in Contracts.Identity.Permissions.Catalogue)
        {
            if (rows.Remove(name, out var row))
            {
                row.Description = description;
            }
            else
            {
                db.Add(new Permission { Name = name, Description = description });
            }
        }

        db.RemoveRange(rows.Values);
    }

    private static async Task<List<string>> SyncRolesAsync(UsersDbContext db, CancellationToken cancellationToken)
    {
        var rows = await db.Roles.Include(role => role.Permissions).ToDictionaryAsync(role => role.Name, cancellationToken);
        List<string> changed = [];
        foreach (var (name, permissions) in BuiltInRoles.Permissions)
        {
            if (!rows.TryGetValue(name, out var role))
            {
                role = new Role { Name = name, Description = string.Empty, IsBuiltIn = true };
                db.Add(role);
            }

            role.Description = Descriptions[name];
            var held = role.Permissions.ToDictionary(permission => permission.PermissionName);
            if (held.Keys.ToHashSet().SetEquals(permissions))
            {
                continue;
            }

            changed.Add(name);
            db.RemoveRange(held.Values.Where(row => !permissions.Contains(row.PermissionName)));
            foreach (var permission in permissions.Where(permission => !held.ContainsKey(permission)))
            {
                role.Permissions.Add(new RolePermission { RoleName = name, PermissionName = permission });
            }
        }

        return changed;
    }
}
