using McpPlatform.Contracts.Access;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Decisions;

/// <summary>A user, as the decision engine needs to know one: from the database, as the user's next token will be.</summary>
/// <param name="Id">Who.</param>
/// <param name="Username">The name.</param>
/// <param name="IsActive">Who is not holds nothing.</param>
/// <param name="OwnRoles">Without the teams'.</param>
/// <param name="Teams">Names of teams.</param>
internal sealed record Person(Guid Id, string Username, bool IsActive, IReadOnlyList<string> OwnRoles, IReadOnlyList<string> Teams)
{
    /// <summary>The caller that this user is under a policy.</summary>
    /// <param name="policy">Says what roles give.</param>
    /// <param name="teamRoles">The roles of each team.</param>
    public Caller ToCaller(AccessPolicy policy, ILookup<string, string> teamRoles)
    {
        string[] roles = IsActive ? [.. OwnRoles.Concat(Teams.SelectMany(team => teamRoles[team])).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)] : [];
        return new Caller
        {
            UserId = Id,
            Roles = roles,
            Teams = IsActive ? Teams : [],
            Permissions = policy.Roles.Where(role => roles.Contains(role.Name, StringComparer.Ordinal)).SelectMany(role => role.Permissions).ToHashSet(StringComparer.Ordinal),
        };
    }
}

internal static class People
{
    /// <summary>Finds a user by id or by name.</summary>
    public static async Task<Person?> FindAsync(UsersDbContext db, string? text, CancellationToken cancellationToken)
    {
        if (text is not { Length: > 0 and <= Users.UserConfiguration.MaxUsernameLength } || text.Any(char.IsControl))
        {
            return null;
        }

        // A name may look like an id; ids go first.
        var id = Guid.TryParse(text, out var parsed) ? parsed : await db.Users.Where(user => user.Username == text).Select(user => user.Id).SingleOrDefaultAsync(cancellationToken);
        return (await LoadAsync(db, [id], cancellationToken)).SingleOrDefault();
    }

    /// <summary>Reads users, by name.</summary>
    public static async Task<List<Person>> LoadAsync(UsersDbContext db, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var users = await db.Users.AsNoTracking().Where(user => ids.Contains(user.Id) && user.AnonymisedAt == null).OrderBy(user => user.Username)
            .Select(user => new { user.Id, user.Username, user.IsActive, Roles = user.Roles.Select(role => role.RoleName).ToList() })
            .ToListAsync(cancellationToken);
        var teams = (await db.TeamMembers.AsNoTracking().Where(member => ids.Contains(member.UserId)).OrderBy(member => member.TeamName).ToListAsync(cancellationToken))
            .ToLookup(member => member.UserId, member => member.TeamName);
        return [.. users.Select(user => new Person(user.Id, user.Username, user.IsActive, user.Roles, [.. teams[user.Id]]))];
    }

    public static async Task<ILookup<string, string>> TeamRolesAsync(UsersDbContext db, CancellationToken cancellationToken) =>
        (await db.TeamRoles.AsNoTracking().ToListAsync(cancellationToken)).ToLookup(row => row.TeamName, row => row.RoleName);
}
