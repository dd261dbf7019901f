using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Telemetry;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Users;

/// <summary>What others may change about a user.</summary>
internal sealed record UserState(string? Email, bool IsActive, bool IsDeleted);

/// <summary>The one way in which others change a user, whichever verb they use: the same rules, the same record.</summary>
internal sealed class ChangeUser(UsersDbContext db, EscalationGuard guard, ActivityLog activities, UserTelemetry telemetry, TimeProvider time)
{
    /// <summary>Changes a user.</summary>
    /// <param name="id">Who.</param>
    /// <param name="action">The action's name in the audit trail.</param>
    /// <param name="change">What is to be, made of what is.</param>
    /// <param name="cancellationToken">Stops before the commit.</param>
    /// <returns>The user, or why nothing was changed.</returns>
    public async Task<Results<Ok<UserResponse>, ProblemHttpResult>> ApplyAsync(
        Guid id, string action, Func<UserState, UserState> change, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockGrantsAsync(cancellationToken);
        if (await db.LockUserAsync(id, cancellationToken) is not { AnonymisedAt: null } user)
        {
            return UserNotFound.Problem();
        }

        // Whoever could disable an admin, or send an admin's mail elsewhere, would be above the admin.
        var grants = await RoleGrants.OfAsync(db, user, cancellationToken);
        if (await guard.RefuseAsync(grants, action, id.ToString(), cancellationToken) is { } refusal)
        {
            await transaction.CommitAsync(cancellationToken);
            return refusal;
        }

        var before = new UserState(user.Email, user.IsActive, user.DeletedAt is not null);
        var (after, now) = (change(before), time.GetUtcNow());
        if (after == before)
        {
            return TypedResults.Ok(UserResponse.From(user));
        }

        if (after.IsActive != before.IsActive)
        {
            if (!after.IsActive && await LastAdmin.IsAsync(db, user, cancellationToken))
            {
                return ProblemExtensions.Problem(StatusCodes.Status409Conflict, LastAdmin.Sentence);
            }

            db.SetActive(user, after.IsActive, grants, now);
            telemetry.GrantsChanged();
        }

        if (after.IsDeleted != before.IsDeleted)
        {
            user.SetDeleted(after.IsDeleted, now);
        }

        if (after.Email != before.Email)
        {
            db.SetEmail(user, after.Email, now);
        }

        db.AddToOutbox(activities.Create(action, ActivityOutcomes.Succeeded, "user", id.ToString(), before, after));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(UserResponse.From(user));
    }
}
