using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Teams;

internal static class DeleteTeam
{
    private const string Action = "teams.delete";

    /// <summary>
    /// A team with members, possessions or rules stays, unless <paramref name="force"/>: what it owned would then be open to every role that gives the
    /// permission, which should happen to nobody by mistake.
    /// </summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        string name, UsersDbContext db, AccessChange change, EscalationGuard guard, CurrentUser caller, ActivityLog activities,
        CancellationToken cancellationToken, bool force = false)
    {
        await change.BeginAsync(cancellationToken);
        if (await db.FindTeamAsync(name, cancellationToken) is not { } team)
        {
            return TeamRules.NotFound();
        }

        var before = TeamResponse.From(team);
        var members = await db.MembersAsync(name, cancellationToken);
        var refusal = await guard.RefuseAsync(await RoleGrants.LoadAsync(db, before.Roles, cancellationToken), Action, name, cancellationToken, "team")
            ?? await guard.RefuseOwnAffairsAsync(caller.Concerns(name, members), Action, "team", name, cancellationToken);
        if (refusal is not null)
        {
            await change.CommitRefusalAsync(cancellationToken);
            return refusal;
        }

        var rules = await db.Grants.CountAsync(rule => rule.SubjectType == RuleSubject.Team && rule.Subject == name, cancellationToken);
        if (!force && (members.Count, before.Owns.Count, rules) != (0, 0, 0))
        {
            return ProblemExtensions.Problem(
                StatusCodes.Status409Conflict,
                $"The team '{name}' has {members.Count} members, {before.Owns.Count} resources and {rules} rules: take them away first, or add ?force=true to do so at once.");
        }

        await db.Grants.Where(rule => rule.SubjectType == RuleSubject.Team && rule.Subject == name).ExecuteDeleteAsync(cancellationToken);
        db.Remove(team);
        db.AddToOutbox(activities.Create(
            Action, ActivityOutcomes.Succeeded, "team", name, new { before.Description, before.Roles, before.Owns, Members = members.Count, Rules = rules }));
        await change.CommitAsync(members, cancellationToken);
        return TypedResults.NoContent();
    }
}
