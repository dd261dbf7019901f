using System.Runtime.CompilerServices;
using System.Security.Claims;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>Who makes the request, from the validated token and nothing else. Ask for it only where a token is required.</summary>
/// <param name="Id">The user's id.</param>
/// <param name="Username">The user's name.</param>
/// <param name="SessionId">The login that the token belongs to.</param>
/// <param name="Permissions">What the token allows.</param>
public sealed record CurrentUser(Guid Id, string Username, string? SessionId, IReadOnlySet<string> Permissions)
{
    private static readonly ConditionalWeakTable<ClaimsIdentity, CurrentUser> Known = [];

    /// <summary>All of the user's roles, the teams' among them.</summary>
    public IReadOnlyCollection<string> Roles { get; init; } = [];

    /// <summary>The teams that the user is a member of.</summary>
    public IReadOnlyCollection<string> Teams { get; init; } = [];

    /// <summary>Patterns of resources that the token is limited to; none: no limit.</summary>
    public IReadOnlyCollection<string> Limits { get; init; } = [];

    /// <summary>Reads the claims of a validated token.</summary>
    /// <param name="principal">The caller.</param>
    /// <returns>The user, or null when nobody is logged in.</returns>
    public static CurrentUser? From(ClaimsPrincipal principal)
    {
        // Requests with the same token share its identity (see PlatformTokenHandler), which nobody changes.
        if (principal.Identity is not ClaimsIdentity { IsAuthenticated: true } identity)
        {
            return null;
        }

        if (!Known.TryGetValue(identity, out var user) && (user = Read(principal)) is not null)
        {
            Known.AddOrUpdate(identity, user);
        }

        return user;
    }

    /// <summary>The user as the decision engine sees it.</summary>
    /// <returns>The caller to ask a <see cref="CompiledPolicy"/> about.</returns>
    public Caller ToCaller() => new() { UserId = Id, Roles = Roles, Teams = Teams, Permissions = Permissions, Limits = Limits };

    private static CurrentUser? Read(ClaimsPrincipal principal) =>
        Guid.TryParse(principal.FindFirstValue(PlatformClaims.Subject), out var id)
            ? new(
                id,
                principal.FindFirstValue(PlatformClaims.Username) ?? string.Empty,
                principal.FindFirstValue(PlatformClaims.SessionId),
                ValuesOf(principal, PlatformClaims.Permission))
            {
                Roles = ValuesOf(principal, PlatformClaims.Role),
                Teams = ValuesOf(principal, PlatformClaims.Team),
                Limits = ValuesOf(principal, PlatformClaims.Limit),
            }
            : null;

    private static HashSet<string> ValuesOf(ClaimsPrincipal principal, string claim) =>
        principal.FindAll(claim).Select(found => found.Value).ToHashSet(StringComparer.Ordinal);
}
