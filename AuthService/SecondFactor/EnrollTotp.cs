using System.ComponentModel.DataAnnotations;
using McpPlatform.AuthService.Sessions;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AuthService.SecondFactor;

/// <summary>Begins a second factor.</summary>
public sealed record EnrollTotpRequest
{
    /// <summary>The account's password: whoever finds an open session must not be able to lock its owner out. A wrong one counts as a failed login.</summary>
    [Length(1, 4096, ErrorMessage = "password must have 1 to 4096 characters.")]
    public required string Password { get; init; }
}

/// <summary>What the authenticator needs. It is shown once.</summary>
/// <param name="Secret">To type in: base32.</param>
/// <param name="OtpauthUri">To show as a QR code.</param>
internal sealed record TotpSecret(string Secret, string OtpauthUri);

internal static class EnrollTotp
{
    private const string Issuer = "McpPlatform";

    public static async Task<Results<Ok<TotpSecret>, ProblemHttpResult>> HandleAsync(
        EnrollTotpRequest request, CurrentUser user, Credentials credentials, Totp totp, CancellationToken cancellationToken)
    {
        if (await credentials.CheckAgainAsync(user.Id, request.Password, "auth.totp.enroll", cancellationToken) is null)
        {
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, "password is wrong, or the account is locked at the moment.");
        }

        if (await totp.EnrollAsync(user.Id, cancellationToken) is not { } bytes)
        {
            return ProblemExtensions.Problem(StatusCodes.Status409Conflict, "The account has a second factor: disable it first.");
        }

        var secret = TotpCode.Base32(bytes);
        var label = Uri.EscapeDataString($"{Issuer}:{user.Username}");
        return TypedResults.Ok(new TotpSecret(secret, $"otpauth://totp/{label}?secret={secret}&issuer={Issuer}&algorithm=SHA1&digits=6&period=30"));
    }
}
