using System.ComponentModel.DataAnnotations;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AuthService.SecondFactor;

/// <summary>Gives up the second factor.</summary>
public sealed record DisableTotpRequest
{
    /// <summary>The account's password.</summary>
    [Length(1, 4096, ErrorMessage = "password must have 1 to 4096 characters.")]
    public required string Password { get; init; }

    /// <summary>A code of the authenticator, or a recovery code.</summary>
    [Length(1, 64, ErrorMessage = "otp must have 1 to 64 characters.")]
    public required string Otp { get; init; }
}

internal static class DisableTotp
{
    private const string Action = "auth.totp.disable";

    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        DisableTotpRequest request, CurrentUser user, AuthDbContext db, Credentials credentials, Totp totp, ActivityLog activities, CancellationToken cancellationToken)
    {
        if (!await db.TotpEnrollments.AnyAsync(one => one.UserId == user.Id && one.ConfirmedAt != null, cancellationToken))
        {
            return ProblemExtensions.Problem(StatusCodes.Status404NotFound, "The account has no second factor.");
        }

        if (await credentials.CheckAgainAsync(user.Id, request.Password, request.Otp, Action, cancellationToken) is null)
        {
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, "password or otp is wrong, or the account is locked at the moment.");
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await totp.ResetAsync(user.Id, cancellationToken);
        db.AddToOutbox(activities.Create(Action, ActivityOutcomes.Succeeded, "account", user.Id.ToString(), new { SecondFactor = true }, new { SecondFactor = false }));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
