using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Users;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Teams;

/// <summary>Puts a user into a team, or out of it.</summary>
internal sealed class SetMember(
    UsersDbContext db, AccessChange change, EscalationGuard guard, CurrentUser caller, ActivityLog activities)
{
    public static Task<Results<NoContent, ProblemHttpResult>> AddAsync(string name, [FromRoute(Name = "user_id")] Guid userId, SetMember use, CancellationToken cancellationToken) =>
        use.SetAsync(name, userId, isMember: true, cancellationToken);

    public static Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(string name, [FromRoute(Name = "user_id")] Guid userId, SetMember use, CancellationToken cancellationToken) =>
        use.SetAsync(name, userId, isMember: false, cancellationToken);

    private async Task<Results<NoContent, ProblemHttpResult>> SetAsync(string name, Guid userId, bool isMember, CancellationToken cancellationToken)
    {
        var action = isMember ? "teams.add_member" : "teams.remove_member";
        await change.BeginAsync(cancellationToken);
        if (await db.FindTeamAsync(name, cancellationToken) is not { } team)
        {
            return TeamRules.NotFound();
        }

        if (!await db.Users.AnyAsync(user => user.Id == userId && user.AnonymisedAt == null, cancellationToken))
        {
            return UserNotFound.Problem();
        }

        var target = $"{name}/{userId}";
        var roles = team.Roles.Select(role => role.RoleName);
        var refusal = await guard.RefuseAsync(await RoleGrants.LoadAsync(db, roles, cancellationToken), action, target, cancellationToken, "team")
            ?? await guard.RefuseOwnAffairsAsync(caller.Id == userId, action, "team", target, cancellationToken);
        if (refusal is not null)
        {
            await change.CommitRefusalAsync(cancellationToken);
            return refusal;
        }

        var row = await db.TeamMembers.SingleOrDefaultAsync(member => member.TeamName == name && member.UserId == userId, cancellationToken);
        if ((row is not null) == isMember)
        {
            return TypedResults.NoContent();
        }

        if (isMember && await db.TeamMembers.CountAsync(member => member.TeamName == name, cancellationToken) >= TeamConfiguration.MaxMembers)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"A team may have at most {TeamConfiguration.MaxMembers} members.");
        }

        if (row is null)
        {
            db.Add(new TeamMember { TeamName = name, UserId = userId });
        }
        else
        {
            db.Remove(row);
        }

        db.AddToOutbox(activities.Create(
            action, ActivityOutcomes.Succeeded, "team", target, new { IsMember = !isMember }, new { IsMember = isMember, Roles = roles }));
        await change.CommitAsync([userId], cancellationToken);
        return TypedResults.NoContent();
    }
}
