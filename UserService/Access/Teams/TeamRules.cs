using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Teams;

/// <summary>A team, without its members: they have a list of their own.</summary>
internal sealed record TeamResponse(string Name, string Description, IReadOnlyList<string> Roles, IReadOnlyList<string> Owns)
{
    public static TeamResponse From(Team team) => new(
        team.Name, team.Description,
        [.. team.Roles.Select(role => role.RoleName).Order(StringComparer.Ordinal)],
        [.. team.Owns.Select(owned => owned.Resource).Order(StringComparer.Ordinal)]);
}

/// <summary>What the use cases of teams have in common.</summary>
internal static class TeamRules
{
    public const string RolesSentence = "roles may name at most 50 roles.", OwnsSentence = "owns may name at most 200 resources.";

    /// <summary>Reads a team, for change; null when there is none.</summary>
    public static async Task<Team?> FindTeamAsync(this UsersDbContext db, string name, CancellationToken cancellationToken) => Slugs.IsSlug(name)
        ? await db.Teams.Include(team => team.Roles).Include(team => team.Owns).AsSplitQuery().SingleOrDefaultAsync(team => team.Name == name, cancellationToken)
        : null;

    public static ProblemHttpResult NotFound() =>
        ProblemExtensions.Problem(StatusCodes.Status404NotFound, "There is no team of this name: GET /api/permissions/teams lists those that there are.");

    public static Task<List<Guid>> MembersAsync(this UsersDbContext db, string name, CancellationToken cancellationToken) =>
        db.TeamMembers.Where(member => member.TeamName == name).Select(member => member.UserId).ToListAsync(cancellationToken);

    /// <summary>Who adds to a team's roles or possessions, or joins it, may be one of those who gain.</summary>
    public static bool Concerns(this CurrentUser caller, string team, IEnumerable<Guid> members) =>
        members.Contains(caller.Id) || caller.Teams.Contains(team, StringComparer.Ordinal);

    /// <summary>Checks what a request names.</summary>
    /// <returns>Null when all is right.</returns>
    public static async Task<Results<ValidationProblem, ProblemHttpResult>?> RefuseAsync(
        this UsersDbContext db, string team, IReadOnlyList<string?> roles, IReadOnlyList<string?> owns, CancellationToken cancellationToken)
    {
        if (roles.Contains(BuiltInRoles.Admin, StringComparer.Ordinal))
        {
            return ProblemExtensions.Invalid("roles", "A team cannot hold the role 'admin': give it to users, so that it is always known who the admins are.");
        }

        var known = await RoleGrants.LoadAsync(db, roles, cancellationToken);
        if (roles.Except(known.Roles, StringComparer.Ordinal).Any())
        {
            return RoleNames.Unknown(roles.Except(known.Roles, StringComparer.Ordinal).Select(role => role ?? string.Empty));
        }

        if (owns.FirstOrDefault(text => !IsOwnable(text)) is { } wrong)
        {
            return NotOwnable(wrong);
        }

        if (owns.Contains(null))
        {
            return NotOwnable(string.Empty);
        }

        if (await db.TeamResources.CountAsync(owned => owned.TeamName != team, cancellationToken) + owns.Count > TeamConfiguration.MaxOwned)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"All teams together may own {TeamConfiguration.MaxOwned} resources, and no more.");
        }

        return null;
    }

    private static ValidationProblem NotOwnable(string text) => ProblemExtensions.Invalid(
        "owns", $"'{text}' is nothing that a team can own: name a server:{{name}}, a bundle:{{name}} or a connection:{{owner}}/{{name}}, without *, in at most {AccessResource.MaxLength} characters.");

    private static bool IsOwnable(string? text) =>
        AccessResource.TryParse(text, out var resource) && resource.Kind != ResourceKind.Tool && !resource.Name.Contains('*', StringComparison.Ordinal);
}
