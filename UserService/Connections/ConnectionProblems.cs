using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Connections;

internal static class ConnectionProblems
{
    public static ProblemHttpResult NotFound() =>
        ProblemExtensions.Problem(StatusCodes.Status404NotFound, "There is no connection profile with this id that you may use.");

    public static ProblemHttpResult Unreadable() => ProblemExtensions.Problem(
        StatusCodes.Status422UnprocessableEntity, "The stored password of this connection profile cannot be decrypted: its owner must enter it again.");

    public static ProblemHttpResult NameTaken(string name) =>
        ProblemExtensions.Problem(StatusCodes.Status409Conflict, $"You have a connection profile named '{name}' already: choose another name.");

    public static ValidationProblem UnknownRoles(IEnumerable<string?> names) => ProblemExtensions.Invalid(
        "shared_with_roles", $"There is no role {string.Join(", ", names.Select(name => $"'{name}'").Order(StringComparer.Ordinal))}: GET /api/permissions/roles lists those that there are.");

    /// <summary>Somebody wants to change a profile that is not theirs: 404, unless they may see it. In the transaction that the context has open.</summary>
    public static async Task<ProblemHttpResult> NotOwnAsync(
        UsersDbContext db, AccessDecider decider, ActivityLog activities, string action, Guid id, CancellationToken cancellationToken)
    {
        var visible = await ConnectionAccess.FindVisibleAsync(db, decider, id, cancellationToken);
        db.AddToOutbox(activities.Create(action, ActivityOutcomes.Denied, ConnectionValues.Target, visible?.Resource.Name ?? id.ToString()));
        await db.SaveChangesAsync(cancellationToken);
        await db.Database.CommitTransactionAsync(cancellationToken);
        return visible is null
            ? NotFound()
            : ProblemExtensions.Problem(StatusCodes.Status403Forbidden, "Only the owner of a connection profile changes, shares or deletes it, and only while no rule denies it.");
    }
}
