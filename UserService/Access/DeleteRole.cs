using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Connections;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

internal static class DeleteRole
{
    private const string Action = "roles.delete";

    /// <summary>A role that is in use stays, unless <paramref name="force"/> takes it from users, teams and shared connections, and its rules with it.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        string name, UsersDbContext db, AccessChange change, EscalationGuard guard, ActivityLog activities, CancellationToken cancellationToken, bool force = false)
    {
        await change.BeginAsync(cancellationToken);
        if (await db.FindRoleAsync(name, cancellationToken) is not { } role)
        {
            return RoleRules.NotFound();
        }

        if (role.IsBuiltIn)
        {
            return RoleRules.BuiltIn(name);
        }

        var before = RoleResponse.From(role);
        if (await guard.RefuseAsync(new RoleGrants([name], before.Permissions), Action, name, cancellationToken, "role") is { } refusal)
        {
            await change.CommitRefusalAsync(cancellationToken);
            return refusal;
        }

        var users = await db.HoldersOf(name).ToListAsync(cancellationToken);
        var uses = await UsesAsync(db, name, cancellationToken);
        if (uses is not { Users: 0, Teams: 0, Rules: 0, Connections: 0 } && !force)
        {
            return ProblemExtensions.Problem(
                StatusCodes.Status409Conflict,
                $"The role '{name}' is in use by {uses.Users} users, {uses.Teams} teams, {uses.Rules} rules and {uses.Connections} shared connections: take it away there first, or add ?force=true to do so at once.");
        }

        if (RoleRules.TooMany(users.Count) is { } tooMany)
        {
            return tooMany;
        }

        // Connections that were shared with the role end to be: their rows go with it.
        await db.UserRoles.Where(row => row.RoleName == name).ExecuteDeleteAsync(cancellationToken);
        await db.TeamRoles.Where(row => row.RoleName == name).ExecuteDeleteAsync(cancellationToken);
        await db.Grants.Where(rule => rule.SubjectType == RuleSubject.Role && rule.Subject == name).ExecuteDeleteAsync(cancellationToken);
        db.Remove(role);
        db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Succeeded, "role", name, new { before.Description, before.Permissions, InUseBy = uses }));
        await change.CommitAsync(users, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Uses> UsesAsync(UsersDbContext db, string name, CancellationToken cancellationToken) => new(
        await db.UserRoles.CountAsync(row => row.RoleName == name, cancellationToken),
        await db.TeamRoles.CountAsync(row => row.RoleName == name, cancellationToken),
        await db.Grants.CountAsync(rule => rule.SubjectType == RuleSubject.Role && rule.Subject == name, cancellationToken),
        await db.Set<ConnectionShare>().CountAsync(share => share.RoleName == name, cancellationToken));

    private sealed record Uses(int Users, int Teams, int Rules, int Connections);
}
