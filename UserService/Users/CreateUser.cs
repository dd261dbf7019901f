using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Access;
using McpPlatform.UserService.Accounts;
using McpPlatform.UserService.Data;
using McpPlatform.UserService.Telemetry;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.UserService.Users;

/// <summary>A new user. AuthService decides whether name and password are good.</summary>
/// <param name="Username">The name to log in with.</param>
/// <param name="Email">The address.</param>
/// <param name="Password">The password; it is passed on and kept nowhere here.</param>
/// <param name="IsAdmin">True adds the role <c>admin</c>.</param>
/// <param name="IsActive">False makes a user who may not log in yet.</param>
/// <param name="Roles">Names of roles; <c>user</c> when left out.</param>
public sealed record CreateUserRequest(
    [Required(ErrorMessage = "username is required.")]
    [StringLength(UserConfiguration.MaxUsernameLength, ErrorMessage = "username may have at most 64 characters.")]
    [RegularExpression(UserConfiguration.PlainText, ErrorMessage = "username may hold no control characters.")]
    string? Username,
    [EmailAddress(ErrorMessage = "email must be an e-mail address.")]
    [StringLength(UserConfiguration.MaxEmailLength, MinimumLength = 3, ErrorMessage = "email must have 3 to 254 characters.")]
    [RegularExpression(UserConfiguration.PlainText, ErrorMessage = "email may hold no control characters.")]
    string? Email,
    [Required(ErrorMessage = "password is required.")]
    [StringLength(1024, ErrorMessage = "password may have at most 1024 characters.")]
    string? Password,
    bool IsAdmin = false,
    bool IsActive = true,
    [MaxLength(50, ErrorMessage = "roles may name at most 50 roles.")]
    IReadOnlyList<string>? Roles = null)
{
    /// <summary>Without the password: a record's own text would carry it into a log.</summary>
    public override string ToString() => $"{nameof(CreateUserRequest)} {Username}";
}

internal static class CreateUser
{
    private const string Action = "users.create";

    public static async Task<Results<Created<UserResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        CreateUserRequest request, UsersDbContext db, EscalationGuard guard, AccountsClient accounts, ActivityLog activities, UserTelemetry telemetry,
        TimeProvider time, CancellationToken cancellationToken)
    {
        HashSet<string> wanted = new(request.Roles ?? [BuiltInRoles.User], StringComparer.Ordinal);
        if (request.IsAdmin)
        {
            wanted.Add(BuiltInRoles.Admin);
        }

        var grants = await RoleGrants.LoadAsync(db, wanted, cancellationToken);
        if (grants.Roles.Count != wanted.Count)
        {
            return RoleNames.Unknown(wanted.Except(grants.Roles, StringComparer.Ordinal));
        }

        if (await guard.RefuseAsync(grants, Action, request.Username!, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        // First what is wanted and by whom, so that neither is lost when this process ends before the account's profile is made.
        var id = Guid.CreateVersion7();
        db.Add(new UnfinishedUser
        {
            Id = id, Email = request.Email, Roles = [.. grants.Roles], IsActive = request.IsActive, CreatedAt = time.GetUtcNow(),
            Activity = JsonSerializer.Serialize(activities.Create(Action, ActivityOutcomes.Failed, "user", id.ToString())),
        });
        await db.SaveChangesAsync(cancellationToken);
        var creation = await accounts.CreateAsync(
            new NewAccount
            {
                Id = id,
                Username = request.Username!,
                Email = request.Email,
                Password = request.Password!,
                Roles = grants.Roles,
                Permissions = request.IsActive ? grants.Permissions : [],
            },
            cancellationToken);
        switch (creation)
        {
            case AccountCreation.Created account:
                // The account is there, so the rest is finished even when the caller goes away.
                var user = await SaveAsync(id, account.Username, db, time.GetUtcNow());
                telemetry.UserCreated();
                return TypedResults.Created($"{UsersApi.Route}/{id}", UserResponse.From(user));
            case AccountCreation.Refused refused:
                await db.UnfinishedUsers.Where(one => one.Id == id).ExecuteDeleteAsync(CancellationToken.None);
                return refused is { Status: StatusCodes.Status400BadRequest, Errors: { Count: > 0 } errors }
                    ? TypedResults.ValidationProblem(errors, refused.Detail)
                    : ProblemExtensions.Problem(refused.Status, refused.Detail);
            default:
                // If the account was made after all, its event finishes the user.
                return ProblemExtensions.Problem(
                    StatusCodes.Status503ServiceUnavailable, "The user was not created, because the service that keeps the accounts does not answer: try again shortly.");
        }
    }

    private static async Task<User> SaveAsync(Guid id, string username, UsersDbContext db, DateTimeOffset now)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(CancellationToken.None);

        // The event that tells of the account may have made the profile already.
        await db.LockNewUserAsync(id, CancellationToken.None);
        db.ChangeTracker.Clear();
        var user = await db.FinishUserAsync(id, username, now, CancellationToken.None)
            ?? throw new InvalidOperationException($"User {id} is neither wanted nor there.");
        await db.SaveChangesAsync(CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        return user;
    }
}
