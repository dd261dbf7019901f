using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Telemetry;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Access;

/// <summary>All roles that the user shall have: what is not named is taken away.</summary>
/// <param name="Roles">Names of roles; may be empty.</param>
public sealed record SetUserRolesRequest(
    [Required(ErrorMessage = "roles must be a list of names of roles.")]
    [MaxLength(50, ErrorMessage = "roles may name at most 50 roles.")]
    IReadOnlyList<string>? Roles);

/// <summary>The user's own roles, and the permissions that these and the teams' give together.</summary>
internal sealed record UserRolesResponse(Guid UserId, IReadOnlyList<string> Roles, IReadOnlyList<string> Permissions);

internal static class SetUserRoles
{
    private const string Action = "permissions.set_roles";

    public static async Task<Results<Ok<UserRolesResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        Guid id, SetUserRolesRequest request, UsersDbContext db, EscalationGuard guard, ActivityLog activities, UserTelemetry telemetry,
        TimeProvider time, CancellationToken cancellationToken)
    {
        var wanted = request.Roles!.ToHashSet(StringComparer.Ordinal);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockGrantsAsync(cancellationToken);
        var grants = await RoleGrants.LoadAsync(db, wanted, cancellationToken);
        if (grants.Roles.Count != wanted.Count)
        {
            return RoleNames.Unknown(wanted.Except(grants.Roles, StringComparer.Ordinal));
        }

        if (await db.LockUserAsync(id, cancellationToken) is not { AnonymisedAt: null } user)
        {
            return ProblemExtensions.Problem(StatusCodes.Status404NotFound, "There is no user with this id.");
        }

        var before = user.RoleNames;
        string[] touched = [.. wanted.Except(before), .. before.Except(wanted)];
        if (touched.Length == 0)
        {
            return TypedResults.Ok(new UserRolesResponse(id, user.RoleNames, (await RoleGrants.OfAsync(db, user, cancellationToken)).Permissions));
        }

        if (await guard.RefuseAsync(await RoleGrants.LoadAsync(db, touched, cancellationToken), Action, id.ToString(), cancellationToken) is { } refusal)
        {
            await transaction.CommitAsync(cancellationToken);
            return refusal;
        }

        if (!wanted.Contains(Contracts.Identity.BuiltInRoles.Admin) && await LastAdmin.IsAsync(db, user, cancellationToken))
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, LastAdmin.Sentence);
        }

        var now = time.GetUtcNow();
        user.SetRoles(wanted, now);
        grants = await RoleGrants.OfAsync(db, user, cancellationToken);

        // Who is disabled has no grants anywhere, whatever the roles; they come into force when the user is enabled.
        db.AddToOutbox((user.IsActive ? grants : RoleGrants.None).ToFact(user, now));
        db.AddToOutbox(activities.Create(
            Action, ActivityOutcomes.Succeeded, "user", id.ToString(), new { Roles = before }, new { Roles = user.RoleNames }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        telemetry.GrantsChanged();
        return TypedResults.Ok(new UserRolesResponse(id, user.RoleNames, grants.Permissions));
    }
}
