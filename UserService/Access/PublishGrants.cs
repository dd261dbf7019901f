using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.UserService.Data;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

/// <summary>Tells what many users hold after a role, a team or a rule has changed, in the transaction of the change.</summary>
internal static class PublishGrants
{
    /// <summary>How many users one request may concern: its transaction holds up every other change of grants.</summary>
    public const int MaxUsers = 20_000;

    private const int Batch = 500;

    /// <summary>
    /// Counts up each active user's version and puts a <see cref="GrantsChanged"/> into the outbox. Hold the lock of the grants, and save what changed before;
    /// afterwards the context tracks nothing.
    /// </summary>
    public static async Task PublishGrantsAsync(this UsersDbContext db, IEnumerable<Guid> users, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var batches = users.Distinct().Order().Chunk(Batch).ToList();
        if (batches.Count == 0)
        {
            return;
        }

        var gives = (await db.RolePermissions.AsNoTracking().ToListAsync(cancellationToken)).ToLookup(row => row.RoleName, row => row.PermissionName);
        var teamRoles = (await db.TeamRoles.AsNoTracking().ToListAsync(cancellationToken)).ToLookup(row => row.TeamName, row => row.RoleName);
        var denied = (await db.Grants.Where(rule => rule.Effect == RuleEffect.Deny && rule.SubjectType != RuleSubject.User)
            .Select(rule => new { rule.SubjectType, rule.Subject }).Distinct().ToListAsync(cancellationToken)).Select(rule => (rule.SubjectType, rule.Subject)).ToHashSet();
        foreach (var batch in batches)
        {
            // Who is disabled has no grants anywhere; they come into force when the user is enabled.
            var versions = await db.Database.SqlQuery<UserVersion>(
                $"UPDATE users.users SET grants_version = grants_version + 1, updated_at = {now} WHERE id = ANY({batch}) AND is_active RETURNING id AS id, grants_version AS grants_version")
                .ToListAsync(cancellationToken);
            var own = (await db.UserRoles.AsNoTracking().Where(row => batch.Contains(row.UserId)).ToListAsync(cancellationToken)).ToLookup(row => row.UserId, row => row.RoleName);
            var memberships = (await db.TeamMembers.AsNoTracking().Where(row => batch.Contains(row.UserId)).ToListAsync(cancellationToken))
                .ToLookup(row => row.UserId, row => row.TeamName);
            foreach (var user in versions)
            {
                string[] teams = [.. memberships[user.Id].Order(StringComparer.Ordinal)];
                string[] roles = [.. own[user.Id].Concat(teams.SelectMany(team => teamRoles[team])).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
                string[] permissions = [.. roles.SelectMany(role => gives[role]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
                var restricts = roles.Any(role => denied.Contains((RuleSubject.Role, role))) || teams.Any(team => denied.Contains((RuleSubject.Team, team)));
                db.AddToOutbox(new RoleGrants(roles, permissions) { Teams = teams, Restricts = restricts }.ToFact(user.Id, user.GrantsVersion, now));
            }

            await db.SaveChangesAsync(cancellationToken);
            db.ChangeTracker.Clear();
        }
    }

    /// <summary>Who holds a role, by themselves or through a team.</summary>
    public static IQueryable<Guid> HoldersOf(this UsersDbContext db, string role) => db.UserRoles.Where(row => row.RoleName == role).Select(row => row.UserId)
        .Union(db.TeamMembers.Where(member => db.TeamRoles.Any(row => row.TeamName == member.TeamName && row.RoleName == role)).Select(member => member.UserId));

    private sealed record UserVersion(Guid Id, long GrantsVersion);
}
