using System.ComponentModel.DataAnnotations;
using System.Data;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Access.Rules;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Decisions;

/// <summary>A decision and what decided it.</summary>
/// <param name="UserId">Who.</param>
/// <param name="Username">The name.</param>
/// <param name="Permission">Wants what.</param>
/// <param name="Resource">On what; null when the permission concerns no resource.</param>
/// <param name="Allowed">The verdict.</param>
/// <param name="Reason">A word for it: those of <see cref="DecisionReason"/>, <c>user_disabled</c>, <c>unknown_resource</c>.</param>
/// <param name="Explanation">A sentence for it.</param>
/// <param name="Rule">The rule that decided, if one did.</param>
/// <param name="Role">The role that decided, if one did.</param>
/// <param name="Team">The team that decided, if one did.</param>
/// <param name="Roles">All that the user holds, the teams' among them.</param>
/// <param name="Teams">The user's teams.</param>
/// <param name="PolicyVersion">Decided under this policy.</param>
/// <param name="Note">What the answer does not say.</param>
internal sealed record ExplainResponse(
    Guid UserId, string Username, string Permission, string? Resource, bool Allowed, string Reason, string Explanation, RuleResponse? Rule, string? Role, string? Team,
    IReadOnlyCollection<string> Roles, IReadOnlyCollection<string> Teams, long PolicyVersion, string Note);

internal static class Explain
{
    private const string Note = "Decided for a token that carries all that the user holds now: one that was narrowed, such as an API key's or an OAuth client's, may be allowed less.";

    /// <summary>The engine, the policy and the rows that enforcement uses.</summary>
    public static async Task<Results<Ok<ExplainResponse>, ValidationProblem>> HandleAsync(
        UsersDbContext db,
        CancellationToken cancellationToken,
        [Required(ErrorMessage = "user is required: an id or a username.")] string? user = null,
        [Required(ErrorMessage = "permission is required.")] string? permission = null,
        string? resource = null)
    {
        if (RoleRules.Unknown([permission]) is not null)
        {
            return ProblemExtensions.Invalid("permission", $"There is no permission '{permission}': GET /api/permissions lists those that there are.");
        }

        AccessResource? wanted = null;
        if (resource is not null && (!AccessResource.TryParse(resource, out wanted) || wanted.Name.Contains('*', StringComparison.Ordinal)))
        {
            return ProblemExtensions.Invalid("resource", "resource must be one server:{name}, tool:{server}/{tool}, bundle:{name} or connection:{owner}/{name}.");
        }

        // One moment for all that is read.
        await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        if (await People.FindAsync(db, user, cancellationToken) is not { } person)
        {
            return ProblemExtensions.Invalid("user", $"There is no user '{user}'.");
        }

        var policy = await db.LoadAccessPolicyAsync(cancellationToken) ?? throw new AccessPolicyMissingException();
        var caller = person.ToCaller(policy, await People.TeamRolesAsync(db, cancellationToken));
        var known = wanted is null ? null : (await KnownResources.CompleteAsync(db, [wanted], cancellationToken)).GetValueOrDefault(wanted.ToString());
        var response = new ExplainResponse(
            person.Id, person.Username, permission!, resource, false, "user_disabled", "The user is disabled, and may do nothing.", null, null, null,
            caller.Roles, caller.Teams, policy.Version, Note);
        if (!person.IsActive)
        {
            return TypedResults.Ok(response);
        }

        if (wanted is not null && known is null)
        {
            return TypedResults.Ok(response with { Reason = "unknown_resource", Explanation = $"There is no {wanted}, or its owner is disabled: it is answered with 404." });
        }

        var decision = new CompiledPolicy(policy).Decide(caller, permission!, known);
        return TypedResults.Ok(response with
        {
            Allowed = decision.Allowed,
            Reason = JsonNamingPolicy.SnakeCaseLower.ConvertName(decision.Reason.ToString()),
            Explanation = decision.Explanation,
            Rule = decision.Rule is { } rule ? RuleResponse.From(rule) : null,
            Role = decision.Role,
            Team = decision.Team,
        });
    }
}
