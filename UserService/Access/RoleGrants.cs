using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Users;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

/// <summary>Roles and all that they give together.</summary>
/// <param name="Roles">Names, in order.</param>
/// <param name="Permissions">Names, in order, each once.</param>
internal sealed record RoleGrants(IReadOnlyList<string> Roles, IReadOnlyList<string> Permissions)
{
    /// <summary>What somebody holds who may not do anything.</summary>
    public static RoleGrants None { get; } = new([], []);

    /// <summary>Reads what roles give. Names of roles that do not exist are left out.</summary>
    public static async Task<RoleGrants> LoadAsync(UsersDbContext db, IEnumerable<string?> roles, CancellationToken cancellationToken)
    {
        // What cannot be a name is none, and PostgreSQL would not even take a NUL as a question.
        string[] names = [.. roles.OfType<string>().Where(name => name.Length <= RoleConfiguration.MaxNameLength && !name.Any(char.IsControl))];
        var found = await db.Roles.AsNoTracking().Where(role => names.Contains(role.Name))
            .Select(role => new { role.Name, Permissions = role.Permissions.Select(permission => permission.PermissionName).ToList() })
            .ToListAsync(cancellationToken);
        return new(
            [.. found.Select(role => role.Name).Order(StringComparer.Ordinal)],
            [.. found.SelectMany(role => role.Permissions).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    /// <summary>
    /// The permissions among these that the caller does not hold. Asked of the token, not of the caller's roles: a token may be narrower than its user,
    /// and must not be a way around that.
    /// </summary>
    public IReadOnlyList<string> NotHeldBy(CurrentUser caller) => [.. Permissions.Where(permission => !caller.Permissions.Contains(permission))];

    /// <summary>The fact that carries these grants to the copies of them.</summary>
    public GrantsChanged ToFact(User user, DateTimeOffset now) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = now,
        UserId = user.Id,
        Version = user.GrantsVersion,
        Roles = Roles,
        Permissions = Permissions,
    };
}
