using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Telemetry;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Access;

/// <summary>
/// Nobody grants, takes away or touches what they do not hold: else whoever manages users is one request away from being admin.
/// A refusal is on record.
/// </summary>
internal sealed class EscalationGuard(UsersDbContext db, CurrentUser caller, ActivityLog activities, UserTelemetry telemetry)
{
    /// <summary>Refuses when the caller lacks one of the permissions.</summary>
    /// <param name="grants">What the caller is about to give, take or touch.</param>
    /// <param name="action">The action's name in the audit trail.</param>
    /// <param name="target">Whom it concerns.</param>
    /// <param name="cancellationToken">Stops before the record is written.</param>
    /// <param name="targetType">What it concerns.</param>
    /// <returns>A 403, or null when the caller may.</returns>
    public async Task<ProblemHttpResult?> RefuseAsync(
        RoleGrants grants, string action, string target, CancellationToken cancellationToken, string targetType = "user")
    {
        var missing = grants.NotHeldBy(caller);
        if (missing.Count == 0)
        {
            return null;
        }

        await RecordAsync(action, targetType, target, new { grants.Roles, Missing = missing }, cancellationToken);
        return ProblemExtensions.Problem(
            StatusCodes.Status403Forbidden,
            (grants.Roles.Count == 0 ? "Only who holds these permissions may do this" : $"Only who holds every permission of the roles {string.Join(", ", grants.Roles)} may do this")
            + $"; you lack {string.Join(", ", missing)}.");
    }

    /// <summary>
    /// Refuses when somebody who does not hold every permission changes which resources are within their own reach. Permissions alone do not tell: two who hold
    /// the same permission may use different servers. For the same reason a token that is limited to resources changes nobody's.
    /// </summary>
    /// <param name="concernsCaller">Whether the caller is among those whom the change concerns.</param>
    /// <param name="action">The action's name in the audit trail.</param>
    /// <param name="targetType">What it concerns.</param>
    /// <param name="target">Which one.</param>
    /// <param name="cancellationToken">Stops before the record is written.</param>
    /// <returns>A 403, or null when the caller may.</returns>
    public async Task<ProblemHttpResult?> RefuseOwnAffairsAsync(
        bool concernsCaller, string action, string targetType, string target, CancellationToken cancellationToken)
    {
        var isLimited = caller.Limits.Count > 0;
        if (!isLimited && (!concernsCaller || Contracts.Identity.Permissions.Catalogue.Keys.All(caller.Permissions.Contains)))
        {
            return null;
        }

        await RecordAsync(action, targetType, target, new { Because = isLimited ? "limited_token" : "own_affairs" }, cancellationToken);
        return ProblemExtensions.Problem(
            StatusCodes.Status403Forbidden,
            isLimited
                ? "A token that is limited to resources may not change who uses which: log in for this."
                : "This concerns yourself: only who holds every permission may change what they themselves may use.");
    }

    private async Task RecordAsync(string action, string targetType, string target, object values, CancellationToken cancellationToken)
    {
        telemetry.EscalationRefused(action);
        db.AddToOutbox(activities.Create(action, ActivityOutcomes.Denied, targetType, target, newValues: values));
        await db.SaveChangesAsync(cancellationToken);
    }
}
