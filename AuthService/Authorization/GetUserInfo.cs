using System.Security.Claims;
using McpPlatform.AuthService.Data;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace McpPlatform.AuthService.Authorization;

/// <summary>Who the token is of (OpenID Connect Core section 5.3). OpenIddict has validated it, and that its session goes on.</summary>
internal static class GetUserInfo
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static async Task<IResult> HandleAsync(HttpContext context, AuthDbContext db, CancellationToken cancellationToken)
    {
        var principal = (await context.AuthenticateAsync(Scheme)).Principal ?? new ClaimsPrincipal();
        if (!principal.HasScope(Scopes.OpenId))
        {
            return Refuse(Errors.InsufficientScope, "The token was not granted the scope openid.");
        }

        var id = Guid.TryParse(principal.GetClaim(Claims.Subject), out var subject) ? subject : Guid.Empty;
        return await db.Users.AsNoTracking().Where(account => account.Id == id && account.IsActive)
            .Select(account => account.UserName).SingleOrDefaultAsync(cancellationToken) is { } username
                ? TypedResults.Ok(new UserInfo(id, username))
                : Refuse(Errors.InvalidToken, "The account cannot be used any more.");
    }

    private static IResult Refuse(string error, string sentence) => Results.Challenge(
        new AuthenticationProperties(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = sentence,
        }),
        [Scheme]);

    private sealed record UserInfo(Guid Sub, string PreferredUsername);
}
