using System.Security.Claims;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>Who makes the request, from the validated token and nothing else. Ask for it only where a token is required.</summary>
/// <param name="Id">The user's id.</param>
/// <param name="Username">The user's name.</param>
/// <param name="SessionId">The login that the token belongs to.</param>
/// <param name="Permissions">What the token allows.</param>
public sealed record CurrentUser(Guid Id, string Username, string? SessionId, IReadOnlySet<string> Permissions)
{
    /// <summary>Reads the claims of a validated token.</summary>
    /// <param name="principal">The caller.</param>
    /// <returns>The user, or null when nobody is logged in.</returns>
    public static CurrentUser? From(ClaimsPrincipal principal) =>
        principal.Identity?.IsAuthenticated == true && Guid.TryParse(principal.FindFirstValue(PlatformClaims.Subject), out var id)
            ? new(
                id,
                principal.FindFirstValue(PlatformClaims.Username) ?? string.Empty,
                principal.FindFirstValue(PlatformClaims.SessionId),
                principal.FindAll(PlatformClaims.Permission).Select(claim => claim.Value).ToHashSet(StringComparer.Ordinal))
            : null;
}
