using System.Security.Claims;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.Contracts.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;

namespace McpPlatform.AuthService.ApiKeys;

/// <summary>A short access token for an API key, which <see cref="ValidateApiKey"/> has checked. The Gateway asks for it, and keeps it for as long as it is good.</summary>
internal static class ExchangeApiKey
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan UseIsNotedEvery = TimeSpan.FromMinutes(1);

    public static async Task<IResult> HandleAsync(ClaimsPrincipal presented, AuthDbContext db, TokenPrincipal principals, TimeProvider time, CancellationToken cancellationToken)
    {
        var (id, now) = (Guid.Parse(presented.GetClaim(PlatformClaims.SessionId)!), time.GetUtcNow());
        var found = await db.ApiKeys.AsNoTracking().Where(one => one.Id == id)
            .Join(db.Users.AsNoTracking(), one => one.UserId, one => one.Id, (key, account) => new { key, account }).SingleOrDefaultAsync(cancellationToken);
        if (found is not { account.IsActive: true } || found.key.ExpiresAt <= now)
        {
            return Results.Forbid(
                new AuthenticationProperties(new Dictionary<string, string?>
                {
                    [OpenIddictServerAspNetCoreConstants.Properties.Error] = OpenIddictConstants.Errors.InvalidGrant,
                    [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = "The API key was deleted at this moment.",
                }),
                [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
        }

        var before = now - UseIsNotedEvery;
        await db.ApiKeys.Where(one => one.Id == id && (one.LastUsedAt == null || one.LastUsedAt < before))
            .ExecuteUpdateAsync(set => set.SetProperty(one => one.LastUsedAt, now), cancellationToken);
        var rest = found.key.ExpiresAt - now;
        return Results.SignIn(
            principals.OfApiKey(found.account, found.key).SetAccessTokenLifetime(rest < Lifetime ? rest : Lifetime),
            authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }
}
