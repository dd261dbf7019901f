using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Teams;

/// <summary>A new team, without members.</summary>
/// <param name="Name">Small letters and digits with single - . _ between them; it cannot be changed later.</param>
/// <param name="Description">Who they are.</param>
/// <param name="Roles">What its members hold; not <c>admin</c>.</param>
/// <param name="Owns">Resources that belong to it: <c>server:…</c>, <c>bundle:…</c>, <c>connection:owner/name</c>.</param>
public sealed record CreateTeamRequest(
    [Required(ErrorMessage = "name is required.")]
    [StringLength(Slugs.MaxLength, ErrorMessage = Slugs.Sentence)]
    [RegularExpression(Slugs.Pattern, ErrorMessage = Slugs.Sentence)]
    string? Name,
    [DescriptionText]
    string? Description,
    [MaxLength(TeamConfiguration.MaxRoles, ErrorMessage = TeamRules.RolesSentence)]
    IReadOnlyList<string?>? Roles,
    [MaxLength(TeamConfiguration.MaxOwnedByOne, ErrorMessage = TeamRules.OwnsSentence)]
    IReadOnlyList<string?>? Owns);

internal static class CreateTeam
{
    private const string Action = "teams.create";

    public static async Task<Results<Created<TeamResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        CreateTeamRequest request, UsersDbContext db, AccessChange change, EscalationGuard guard, ActivityLog activities, CancellationToken cancellationToken)
    {
        var (name, roles, owns) = (request.Name!, request.Roles ?? [], request.Owns ?? []);
        await change.BeginAsync(cancellationToken);
        if (await db.RefuseAsync(name, roles, owns, cancellationToken) is { } wrong)
        {
            return wrong.Result is ValidationProblem invalid ? invalid : (ProblemHttpResult)wrong.Result;
        }

        if (await guard.RefuseAsync(await RoleGrants.LoadAsync(db, roles, cancellationToken), Action, name, cancellationToken, "team") is { } lacking)
        {
            await change.CommitRefusalAsync(cancellationToken);
            return lacking;
        }

        if (await guard.RefuseOwnAffairsAsync(concernsCaller: false, Action, "team", name, cancellationToken) is { } limited)
        {
            await change.CommitRefusalAsync(cancellationToken);
            return limited;
        }

        if (await db.Teams.AnyAsync(team => team.Name == name, cancellationToken))
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"There is a team '{name}' already.");
        }

        if (await db.Teams.CountAsync(cancellationToken) >= TeamConfiguration.MaxTeams)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"There are {TeamConfiguration.MaxTeams} teams already, and there may be no more.");
        }

        var team = Team.Create(name);
        team.Change(request.Description ?? string.Empty, [.. roles.OfType<string>().Distinct()], [.. owns.OfType<string>().Distinct()]);
        db.Add(team);
        var response = TeamResponse.From(team);
        db.AddToOutbox(activities.Create(
            Action, ActivityOutcomes.Succeeded, "team", name, newValues: new { response.Description, response.Roles, response.Owns }));
        await change.CommitAsync([], cancellationToken);
        return TypedResults.Created($"{PermissionsApi.Route}/teams/{name}", response);
    }
}
