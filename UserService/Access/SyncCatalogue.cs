using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

/// <summary>
/// Brings the rows of the permissions and the built-in roles in line with Contracts. Part of the migrate step, so that no service ever runs without them;
/// whoever holds a role that changed gets new grants in the same transaction.
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
        await RefreshGrantsAsync(db, changed, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await SyncPolicyAsync(db, changed, cancellationToken);
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

    // Decisions need a policy from the first moment on.
    private static async Task SyncPolicyAsync(UsersDbContext db, List<string> changed, CancellationToken cancellationToken)
    {
        var policy = await db.LoadAccessPolicyAsync(cancellationToken);
        if (policy is not null && changed.Count == 0)
        {
            return;
        }

        policy ??= AccessPolicy.Empty;
        var roles = await db.Roles.AsNoTracking().OrderBy(role => role.Name)
            .Select(role => new { role.Name, Permissions = role.Permissions.Select(permission => permission.PermissionName).Order().ToList() })
            .ToListAsync(cancellationToken);
        await db.SaveAccessPolicyAsync(
            policy with { Version = policy.Version + 1, Roles = [.. roles.Select(role => new PolicyRole(role.Name, role.Permissions))] }, cancellationToken);
    }

    private static async Task RefreshGrantsAsync(UsersDbContext db, List<string> changed, CancellationToken cancellationToken)
    {
        var ids = await db.UserRoles.Where(role => changed.Contains(role.RoleName)).Select(role => role.UserId).Distinct().ToListAsync(cancellationToken);
        foreach (var id in ids)
        {
            if (await db.LockUserAsync(id, cancellationToken) is { IsActive: true } user)
            {
                var now = TimeProvider.System.GetUtcNow();
                user.TouchGrants(now);
                db.AddToOutbox((await RoleGrants.LoadAsync(db, user.RoleNames, cancellationToken)).ToFact(user, now));
            }
        }
    }
}
