using McpPlatform.Contracts.Access;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Access.Rules;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Access;

internal static class GetMyPermissions
{
    /// <summary>What the user holds now: a token that was issued before the last change says something else until it is renewed.</summary>
    public static async Task<Results<Ok<MyPermissionsResponse>, ProblemHttpResult>> HandleAsync(
        UsersDbContext db, CurrentUser caller, CancellationToken cancellationToken)
    {
        var user = await db.Users.AsNoTracking().Include(x => x.Roles).SingleOrDefaultAsync(x => x.Id == caller.Id, cancellationToken);
        if (user is null)
        {
            return ProblemExtensions.Problem(StatusCodes.Status404NotFound, "You have no profile yet: try again in a moment.");
        }

        var grants = user.IsActive ? await RoleGrants.OfAsync(db, user, cancellationToken) : RoleGrants.None;
        var self = user.Id.ToString();
        var rules = await db.Grants.AsNoTracking()
            .Where(rule => (rule.SubjectType == RuleSubject.User && rule.Subject == self)
                || (rule.SubjectType == RuleSubject.Role && grants.Roles.Contains(rule.Subject))
                || (rule.SubjectType == RuleSubject.Team && grants.Teams.Contains(rule.Subject)))
            .OrderBy(rule => rule.Id).ToListAsync(cancellationToken);
        return TypedResults.Ok(new MyPermissionsResponse(
            user.Id, grants.Roles, grants.Teams, grants.Permissions, [.. rules.Select(rule => RuleResponse.From(rule.ToRule()))]));
    }
}

/// <summary>What somebody may do, and the rules that narrow or widen it: there are at most 2,000.</summary>
internal sealed record MyPermissionsResponse(
    Guid UserId, IReadOnlyList<string> Roles, IReadOnlyList<string> Teams, IReadOnlyList<string> Permissions, IReadOnlyList<RuleResponse> Rules);
