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
    /// <returns>A 403, or null when the caller may.</returns>
    public async Task<ProblemHttpResult?> RefuseAsync(RoleGrants grants, string action, string target, CancellationToken cancellationToken)
    {
        var missing = grants.NotHeldBy(caller);
        if (missing.Count == 0)
        {
            return null;
        }

        telemetry.EscalationRefused(action);
        db.AddToOutbox(activities.Create(action, ActivityOutcomes.Denied, "user", target, newValues: new { grants.Roles, Missing = missing }));
        await db.SaveChangesAsync(cancellationToken);
        return ProblemExtensions.Problem(
            StatusCodes.Status403Forbidden,
            $"Only who holds every permission of the roles {string.Join(", ", grants.Roles)} may do this; you lack {string.Join(", ", missing)}.");
    }
}
