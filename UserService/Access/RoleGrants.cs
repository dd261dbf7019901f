using McpPlatform.Contracts.Access;
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

    /// <summary>The teams that gave some of the roles; names, in order.</summary>
    public IReadOnlyList<string> Teams { get; init; } = [];

    /// <summary>Whether a deny rule names one of the roles or teams.</summary>
    public bool Restricts { get; init; }

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

    /// <summary>All that a user holds while active: the user's own roles, and those of the teams.</summary>
    public static async Task<RoleGrants> OfAsync(UsersDbContext db, User user, CancellationToken cancellationToken)
    {
        var teams = await db.TeamMembers.Where(member => member.UserId == user.Id).Select(member => member.TeamName).ToListAsync(cancellationToken);
        var fromTeams = await db.TeamRoles.Where(role => teams.Contains(role.TeamName)).Select(role => role.RoleName).ToListAsync(cancellationToken);
        var grants = await LoadAsync(db, user.RoleNames.Concat(fromTeams), cancellationToken);
        var restricts = await db.Grants.AnyAsync(
            rule => rule.Effect == RuleEffect.Deny
                && ((rule.SubjectType == RuleSubject.Role && grants.Roles.Contains(rule.Subject)) || (rule.SubjectType == RuleSubject.Team && teams.Contains(rule.Subject))),
            cancellationToken);
        return grants with { Teams = [.. teams.Order(StringComparer.Ordinal)], Restricts = restricts };
    }

    /// <summary>
    /// The permissions among these that the caller does not hold. Asked of the token, not of the caller's roles: a token may be narrower than its user,
    /// and must not be a way around that.
    /// </summary>
    public IReadOnlyList<string> NotHeldBy(CurrentUser caller) => [.. Permissions.Where(permission => !caller.Permissions.Contains(permission))];

    /// <summary>The fact that carries these grants to the copies of them.</summary>
    public GrantsChanged ToFact(User user, DateTimeOffset now) => ToFact(user.Id, user.GrantsVersion, now);

    /// <inheritdoc cref="ToFact(User, DateTimeOffset)"/>
    public GrantsChanged ToFact(Guid userId, long version, DateTimeOffset now) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = now,
        UserId = userId,
        Version = version,
        Roles = Roles,
        Permissions = Permissions,
        Teams = Teams,
        Restricts = Restricts,
    };
}
