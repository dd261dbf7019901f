using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Access.Rules;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access.Decisions;

/// <summary>What a change would change.</summary>
/// <param name="UsersAffected">How many users hold the role, or are concerned by the rules.</param>
/// <param name="Users">The first 50 of them, by name, with the permissions that they would gain and lose.</param>
/// <param name="Decisions">What these users would be allowed or refused from then on, for the resources that were looked at: at most 500.</param>
/// <param name="DecisionsTruncated">Whether there are more.</param>
/// <param name="Resources">The resources that were looked at: those of the request, or those that rules and teams name; at most 100.</param>
/// <param name="PolicyVersion">Compared with this policy.</param>
internal sealed record PreviewResponse(
    int UsersAffected, IReadOnlyList<UserPreview> Users, IReadOnlyList<DecisionPreview> Decisions, bool DecisionsTruncated, IReadOnlyList<string> Resources,
    long PolicyVersion);

/// <summary>A user's permissions after it.</summary>
internal sealed record UserPreview(Guid UserId, string Username, IReadOnlyList<string> PermissionsGained, IReadOnlyList<string> PermissionsLost);

/// <summary>A decision that would be another.</summary>
internal sealed record DecisionPreview(Guid UserId, string Username, string Permission, string Resource, bool AllowedBefore, bool AllowedAfter, string Explanation);

/// <summary>Compares two policies by the engine that enforces them. Saves nothing.</summary>
internal static class AccessPreview
{
    public const int MaxResources = 100;

    public const string ResourcesSentence = "resources may name at most 100 resources.";

    private const int Page = 50, MaxDecisions = 500;

    /// <summary>Checks the resources that a request names.</summary>
    /// <returns>Null when all is right.</returns>
    public static ValidationProblem? Refuse(IReadOnlyList<string?>? resources) =>
        resources?.All(text => AccessResource.TryParse(text, out var resource) && !resource.Name.Contains('*', StringComparison.Ordinal)) == false
            ? ProblemExtensions.Invalid("resources", "resources must each be one server:{name}, tool:{server}/{tool}, bundle:{name} or connection:{owner}/{name}.")
            : null;

    public static async Task<PreviewResponse> CompareAsync(
        UsersDbContext db, AccessPolicy before, AccessPolicy after, IQueryable<Guid> users, IReadOnlyList<string?>? resources, CancellationToken cancellationToken)
    {
        var affected = db.Users.Where(user => users.Contains(user.Id) && user.AnonymisedAt == null);
        var ids = await affected.OrderBy(user => user.Username).Take(Page).Select(user => user.Id).ToListAsync(cancellationToken);
        var teamRoles = await People.TeamRolesAsync(db, cancellationToken);
        var known = await KnownResources.CompleteAsync(db, Parse(resources ?? [.. Named(before, after)]), cancellationToken);
        var (compiledBefore, compiledAfter) = (new CompiledPolicy(before), new CompiledPolicy(after));
        List<UserPreview> previews = [];
        List<DecisionPreview> decisions = [];
        foreach (var person in await People.LoadAsync(db, ids, cancellationToken))
        {
            var (callerBefore, callerAfter) = (person.ToCaller(before, teamRoles), person.ToCaller(after, teamRoles));
            previews.Add(new(
                person.Id, person.Username,
                [.. callerAfter.Permissions.Except(callerBefore.Permissions).Order(StringComparer.Ordinal)],
                [.. callerBefore.Permissions.Except(callerAfter.Permissions).Order(StringComparer.Ordinal)]));
            decisions.AddRange(Flips(person, compiledBefore.For(callerBefore), compiledAfter.For(callerAfter), known).Take(MaxDecisions + 1 - decisions.Count));
        }

        return new(
            await affected.CountAsync(cancellationToken), previews, [.. decisions.Take(MaxDecisions)], decisions.Count > MaxDecisions,
            [.. known.Keys.Order(StringComparer.Ordinal)], before.Version);
    }

    private static IEnumerable<DecisionPreview> Flips(Person person, CallerAccess before, CallerAccess after, Dictionary<string, AccessResource> resources) =>
        from resource in resources.OrderBy(pair => pair.Key, StringComparer.Ordinal)
        from permission in RuleRules.PermissionsOf(resource.Value.Kind)
        let old = before.Decide(permission, resource.Value)
        let now = after.Decide(permission, resource.Value)
        where old.Allowed != now.Allowed
        select new DecisionPreview(person.Id, person.Username, permission, resource.Key, old.Allowed, now.Allowed, now.Explanation);

    // A pattern with a star is no resource: which ones it matches, the other services know.
    private static IEnumerable<string> Named(AccessPolicy before, AccessPolicy after) => before.Owners.Select(owner => owner.Resource)
        .Concat(before.Rules.Concat(after.Rules).Select(rule => rule.Resource))
        .Where(text => !text.Contains('*', StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(MaxResources);

    private static List<AccessResource> Parse(IEnumerable<string?> texts) =>
        [.. texts.Select(text => AccessResource.TryParse(text, out var resource) ? resource : null).OfType<AccessResource>()];
}
