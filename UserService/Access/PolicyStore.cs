using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

/// <summary>The policy, made of the tables of roles, rules and owners whenever one of them has changed.</summary>
internal static class PolicyStore
{
    /// <summary>
    /// Writes the policy and announces it, in the transaction that the context has open, if it differs from the one there is. Hold the lock of the grants,
    /// and save what changed before.
    /// </summary>
    /// <returns>The policy in force after the commit.</returns>
    public static async Task<AccessPolicy> PublishPolicyAsync(this UsersDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var stored = await db.LoadAccessPolicyAsync(cancellationToken);
        var policy = await db.AssemblePolicyAsync(stored?.Version ?? 0, cancellationToken);
        if (stored is not null && JsonSerializer.Serialize(stored) == JsonSerializer.Serialize(policy))
        {
            return stored;
        }

        policy = policy with { Version = policy.Version + 1 };
        await db.SaveAccessPolicyAsync(policy, cancellationToken);
        db.AnnouncePolicy(policy, now);
        await db.SaveChangesAsync(cancellationToken);
        return policy;
    }

    /// <summary>Puts the policy into the outbox; call SaveChanges after it.</summary>
    public static void AnnouncePolicy(this UsersDbContext db, AccessPolicy policy, DateTimeOffset now) => db.AddToOutbox(
        new AccessPolicyChanged { EventId = Guid.CreateVersion7(), OccurredAt = now, Version = policy.Version, Policy = policy });

    private static async Task<AccessPolicy> AssemblePolicyAsync(this UsersDbContext db, long version, CancellationToken cancellationToken)
    {
        var permissions = (await db.RolePermissions.AsNoTracking().OrderBy(row => row.PermissionName).ToListAsync(cancellationToken))
            .ToLookup(row => row.RoleName, row => row.PermissionName);
        var roles = await db.Roles.AsNoTracking().OrderBy(role => role.Name).Select(role => role.Name).ToListAsync(cancellationToken);
        var rules = await db.Grants.AsNoTracking().OrderBy(rule => rule.Id).ToListAsync(cancellationToken);
        var owners = await db.TeamResources.AsNoTracking().OrderBy(owned => owned.Resource).ThenBy(owned => owned.TeamName).ToListAsync(cancellationToken);
        return new AccessPolicy
        {
            Version = version,
            Roles = [.. roles.Select(role => new PolicyRole(role, [.. permissions[role].Order(StringComparer.Ordinal)]))],
            Rules = [.. rules.Select(rule => rule.ToRule())],
            Owners = [.. owners.Select(owned => new ResourceOwner(owned.Resource, owned.TeamName))],
        };
    }
}
