using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Telemetry;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.UserService.Users;

/// <summary>What others change about a user; what is left out stays.</summary>
/// <param name="Email">The address.</param>
/// <param name="IsActive">False ends the user's access at once.</param>
public sealed record UpdateUserRequest(
    [EmailAddress(ErrorMessage = "email must be an e-mail address.")]
    [StringLength(UserConfiguration.MaxEmailLength, MinimumLength = 3, ErrorMessage = "email must have 3 to 254 characters.")]
    [RegularExpression(UserConfiguration.PlainText, ErrorMessage = "email may hold no control characters.")]
    string? Email,
    bool? IsActive);

internal static class UpdateUser
{
    private const string Action = "users.update";

    public static async Task<Results<Ok<UserResponse>, ProblemHttpResult>> HandleAsync(
        Guid id, UpdateUserRequest request, UsersDbContext db, EscalationGuard guard, ActivityLog activities, UserTelemetry telemetry,
        TimeProvider time, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockGrantsAsync(cancellationToken);
        if (await db.LockUserAsync(id, cancellationToken) is not { } user)
        {
            return UserNotFound.Problem();
        }

        // Whoever could disable an admin, or send an admin's mail elsewhere, would be above the admin.
        var grants = await RoleGrants.OfAsync(db, user, cancellationToken);
        if (await guard.RefuseAsync(grants, Action, id.ToString(), cancellationToken) is { } refusal)
        {
            await transaction.CommitAsync(cancellationToken);
            return refusal;
        }

        var (before, now) = (new { user.Email, user.IsActive }, time.GetUtcNow());
        if (request.IsActive is { } active && active != user.IsActive)
        {
            if (!active && await LastAdmin.IsAsync(db, user, cancellationToken))
            {
                return ProblemExtensions.Problem(StatusCodes.Status409Conflict, LastAdmin.Sentence);
            }

            db.SetActive(user, active, grants, now);
            telemetry.GrantsChanged();
        }

        if (request.Email is not null && request.Email != user.Email)
        {
            user.SetEmail(request.Email, now);
        }

        var after = new { user.Email, user.IsActive };
        if (!before.Equals(after))
        {
            db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Succeeded, "user", id.ToString(), before, after));
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return TypedResults.Ok(UserResponse.From(user));
    }
}
