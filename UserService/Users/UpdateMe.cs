using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using McpPlatform.UserService.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace McpPlatform.UserService.Users;

/// <summary>What users change about themselves; what is left out stays. There is no member for roles: the route for those is another.</summary>
public sealed record UpdateMeRequest
{
    /// <summary>The address; null takes it away.</summary>
    [EmailAddress(ErrorMessage = "email must be an e-mail address.")]
    [StringLength(UserConfiguration.MaxEmailLength, MinimumLength = 3, ErrorMessage = "email must have 3 to 254 characters.")]
    [RegularExpression(UserConfiguration.PlainText, ErrorMessage = "email may hold no control characters.")]
    public string? Email
    {
        get;
        init
        {
            field = value;
            HasEmail = true;
        }
    }

    /// <summary>A JSON object of at most 16 KiB that takes the place of the one before.</summary>
    public JsonElement? Preferences { get; init; }

    internal bool HasEmail { get; private init; }
}

internal static class UpdateMe
{
    private const int MaxPreferencesBytes = 16 * 1024;

    public static async Task<Results<Ok<ProfileResponse>, ValidationProblem, ProblemHttpResult>> HandleAsync(
        UpdateMeRequest request, UsersDbContext db, CurrentUser caller, ActivityLog activities, TimeProvider time, CancellationToken cancellationToken)
    {
        if (request.Preferences is { ValueKind: not JsonValueKind.Object })
        {
            return ProblemExtensions.Invalid("preferences", "preferences must be a JSON object.");
        }

        var preferences = request.Preferences?.GetRawText();
        if (preferences is not null && Encoding.UTF8.GetByteCount(preferences) > MaxPreferencesBytes)
        {
            return ProblemExtensions.Invalid("preferences", "preferences may have at most 16384 bytes of JSON.");
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockUserAsync(caller.Id, cancellationToken) is not { } user)
        {
            return UserNotFound.NoProfileYet();
        }

        var now = time.GetUtcNow();
        if (request.HasEmail && request.Email != user.Email)
        {
            db.AddToOutbox(activities.Create(
                "users.update_me", ActivityOutcomes.Succeeded, "user", user.Id.ToString(), new { user.Email }, new { request.Email }));
            db.SetEmail(user, request.Email, now);
        }

        if (preferences is not null)
        {
            user.SetPreferences(preferences, now);
        }

        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (IsUnstorable(exception))
        {
            return ProblemExtensions.Invalid(
                "preferences", "preferences cannot be stored: strings may hold no NUL and no half of a surrogate pair, and numbers must be within what a decimal can hold.");
        }

        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(ProfileResponse.From(user));
    }

    /// <summary>JSON that RFC 8259 allows and jsonb does not.</summary>
    private static bool IsUnstorable(DbUpdateException exception) => exception.InnerException is PostgresException
    {
        SqlState: PostgresErrorCodes.UntranslatableCharacter or PostgresErrorCodes.InvalidTextRepresentation or PostgresErrorCodes.NumericValueOutOfRange,
    };
}
