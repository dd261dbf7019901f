using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Access.Teams;

/// <summary>All that a team shall be, but for its members: what is not named is taken away.</summary>
/// <param name="Name">The team's name, as in the address; may be left out.</param>
/// <param name="Description">Who they are.</param>
/// <param name="Roles">What its members hold; not <c>admin</c>.</param>
/// <param name="Owns">Resources that belong to it.</param>
public sealed record UpdateTeamRequest(
    string? Name,
    [DescriptionText]
    string? Description,
    [Required(ErrorMessage = "roles must be a list of names of roles.")]
    [MaxLength(TeamConfiguration.MaxRoles, ErrorMessage = TeamRules.RolesSentence)]
    IReadOnlyList<string?>? Roles,
    [Required(ErrorMessage = "owns must be a list of resources.")]
    [MaxLength(TeamConfiguration.MaxOwnedByOne, ErrorMessage = TeamRules.OwnsSentence)]
    IReadOnlyList<string?>? Owns);

internal static class UpdateTeam
{
    private const string Action = "teams.update";

    public static async Task<Results<Ok<TeamResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        string name, UpdateTeamRequest request, UsersDbContext db, AccessChange change, EscalationGuard guard, CurrentUser caller, ActivityLog activities,
        CancellationToken cancellationToken)
    {
        if (request.Name is not null && request.Name != name)
        {
            return ProblemExtensions.Invalid("name", "name cannot be changed: make a team of the new name, and delete this one.");
        }

        await change.BeginAsync(cancellationToken);
        if (await db.FindTeamAsync(name, cancellationToken) is not { } team)
        {
            return TeamRules.NotFound();
        }

        var (before, roles, owns) = (TeamResponse.From(team), request.Roles!, request.Owns!);
        if (await db.RefuseAsync(name, roles, owns, cancellationToken) is { } wrong)
        {
            return wrong.Result is ValidationProblem invalid ? invalid : (ProblemHttpResult)wrong.Result;
        }

        var members = await db.MembersAsync(name, cancellationToken);
        var touched = before.Roles.Except(roles).Concat(roles.Except(before.Roles));
        var refusal = await guard.RefuseAsync(await RoleGrants.LoadAsync(db, touched, cancellationToken), Action, name, cancellationToken, "team")
            ?? await guard.RefuseOwnAffairsAsync(caller.Concerns(name, members), Action, "team", name, cancellationToken);
        if (refusal is not null)
        {
            await change.CommitRefusalAsync(cancellationToken);
            return refusal;
        }

        team.Change(request.Description ?? string.Empty, [.. roles.OfType<string>().Distinct()], [.. owns.OfType<string>().Distinct()]);
        var after = TeamResponse.From(team);
        var sameRoles = before.Roles.SequenceEqual(after.Roles);
        if (before.Description == after.Description && sameRoles && before.Owns.SequenceEqual(after.Owns))
        {
            return TypedResults.Ok(after);
        }

        db.AddToOutbox(activities.Create(
            Action, ActivityOutcomes.Succeeded, "team", name,
            new { before.Description, before.Roles, before.Owns }, new { after.Description, after.Roles, after.Owns }));
        await change.CommitAsync(sameRoles ? [] : members, cancellationToken);
        return TypedResults.Ok(after);
    }
}
