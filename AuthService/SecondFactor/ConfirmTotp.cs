using System.ComponentModel.DataAnnotations;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AuthService.SecondFactor;

/// <summary>Shows that the authenticator has the secret.</summary>
public sealed record ConfirmTotpRequest
{
    /// <summary>The code that the authenticator shows.</summary>
    [Length(1, 64, ErrorMessage = "otp must have 1 to 64 characters.")]
    public required string Otp { get; init; }
}

/// <summary>What stands in for a lost authenticator.</summary>
/// <param name="RecoveryCodes">Ten codes, shown once; each takes the place of <c>otp</c> once.</param>
internal sealed record TotpConfirmed(IReadOnlyList<string> RecoveryCodes);

internal static class ConfirmTotp
{
    public static async Task<Results<Ok<TotpConfirmed>, ValidationProblem>> HandleAsync(
        ConfirmTotpRequest request, CurrentUser user, Totp totp, CancellationToken cancellationToken) =>
        await totp.ConfirmAsync(user.Id, request.Otp, cancellationToken) is { } codes
            ? TypedResults.Ok(new TotpConfirmed(codes))
            : ProblemExtensions.Invalid("otp", "otp is not the code of the moment, or nothing waits to be confirmed: enroll first, and look at the clock of the authenticator.");
}
