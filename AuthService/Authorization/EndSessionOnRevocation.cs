using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using McpPlatform.AuthService.Tokens;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// A client that gives a token back is done: its session ends, and with it every token of it, at once and everywhere (RFC 7009 section 2.1).
/// OpenIddict by itself ends the one token, and the access token beside it lives on.
/// </summary>
internal sealed class EndSessionOnRevocation(
    AuthDbContext db, EndAccess endAccess, ActivityLog activities, RevocationList list, IOptions<TokensOptions> options) : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        var principal = context.GenericTokenPrincipal;
        if (principal.GetAuthorizationId() is not { } session || !Guid.TryParse(principal.GetClaim(OpenIddictConstants.Claims.Subject), out var userId))
        {
            return;
        }

        var cancellationToken = CancellationToken.None;
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var fact = await endAccess.OfSessionAsync(userId, session, "logout", cancellationToken);
        if (fact is not null)
        {
            db.AddToOutbox(activities.Create("oauth.revoke", ActivityOutcomes.Succeeded, "session", session) with
            {
                UserId = userId,
                Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["client_id"] = context.Request.ClientId ?? "?" },
            });
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await ApplyRevocation.ApplyToSessionAsync(list, options.Value, session);
    }
}
