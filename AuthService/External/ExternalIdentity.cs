using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using OpenIddict.Abstractions;
using OpenIddict.Client.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace McpPlatform.AuthService.External;

/// <summary>Somebody as another provider knows them. Issuer and subject say who it is; everything else is only what they are called.</summary>
/// <param name="Provider">The provider's name in the configuration.</param>
/// <param name="Issuer">Whose word it is.</param>
/// <param name="Subject">Who, for that issuer.</param>
/// <param name="Name">What to call them.</param>
/// <param name="Email">Their address, where the provider says that it has verified it. Nobody is found by it all the same.</param>
internal sealed record ExternalIdentity(string Provider, string Issuer, string Subject, string Name, string? Email)
{
    /// <summary>The cookie of somebody who has logged in at a provider, but whose account is not known yet. It lasts ten minutes.</summary>
    public const string PendingScheme = "ExternalPending";

    private const int MaxSubjectLength = 255;
    private const int MaxNameLength = 100;
    private const long MaxUnixSeconds = 253_402_300_800;
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);
    private const string IssuerClaim = "issuer", ProviderClaim = "provider";

    /// <summary>Reads what OpenIddict has validated.</summary>
    /// <param name="result">The answer of the provider.</param>
    /// <param name="provider">The provider that it must be of.</param>
    /// <param name="issuer">Its issuer, which OpenIddict has compared.</param>
    /// <param name="now">The time, for what OpenIddict does not compare: whether the id token has expired (OpenID Connect Core section 3.1.3.7).</param>
    /// <returns>Null when it is another's, or does not say who it is.</returns>
    public static ExternalIdentity? Of(AuthenticateResult result, string provider, string issuer, DateTimeOffset now) =>
        Expires(result) > now - ClockSkew
        && result.Principal?.GetClaim(Claims.Private.RegistrationId) == provider
        && result.Principal.GetClaim(Claims.Subject) is { Length: > 0 and <= MaxSubjectLength } subject && Printed(subject) == subject
            ? new(
                provider, issuer, subject,
                Printed(result.Principal.GetClaim(Claims.PreferredUsername) ?? result.Principal.GetClaim(Claims.Email) ?? result.Principal.GetClaim(Claims.Name) ?? subject),
                bool.TryParse(result.Principal.GetClaim(Claims.EmailVerified), out var verified) && verified
                && result.Principal.GetClaim(Claims.Email) is { Length: <= 254 } email && Printed(email) == email && email.Contains('@', StringComparison.Ordinal) ? email : null)
            : null;

    /// <summary>Who waits in this browser to have an account linked.</summary>
    public static async Task<ExternalIdentity?> FindPendingAsync(HttpContext context) =>
        (await context.AuthenticateAsync(PendingScheme)).Principal is { } pending
            ? new(
                pending.FindFirstValue(ProviderClaim)!, pending.FindFirstValue(IssuerClaim)!, pending.FindFirstValue(Claims.Subject)!,
                pending.FindFirstValue(Claims.Name)!, pending.FindFirstValue(Claims.Email))
            : null;

    public Task KeepPendingAsync(HttpContext context)
    {
        List<Claim> claims = [new(ProviderClaim, Provider), new(IssuerClaim, Issuer), new(Claims.Subject, Subject), new(Claims.Name, Name)];
        if (Email is not null)
        {
            claims.Add(new(Claims.Email, Email));
        }

        return context.SignInAsync(PendingScheme, new ClaimsPrincipal(new ClaimsIdentity(claims, PendingScheme)));
    }

    private static DateTimeOffset? Expires(AuthenticateResult result)
    {
        var token = result.Properties?.GetParameter<ClaimsPrincipal>(OpenIddictClientAspNetCoreConstants.Properties.BackchannelIdentityTokenPrincipal);
        return token?.GetExpirationDate()
            ?? (long.TryParse(token?.GetClaim(Claims.ExpiresAt), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < MaxUnixSeconds
                ? DateTimeOffset.FromUnixTimeSeconds(seconds)
                : null);
    }

    // Names come from elsewhere and are shown here: what cannot be seen is left out.
    private static string Printed(string text) => new([.. text.Take(MaxNameLength + MaxSubjectLength).Where(one => char.GetUnicodeCategory(one) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate))]);
}
