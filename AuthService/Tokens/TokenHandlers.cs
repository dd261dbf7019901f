using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.Sessions;
using Microsoft.AspNetCore;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace McpPlatform.AuthService.Tokens;

/// <summary>The login grant exists on our paths alone.</summary>
internal sealed class RefuseLoginGrantElsewhere : IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    public ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        if (context.Request.GrantType == FirstPartyEndpoints.LoginGrant && !FirstPartyEndpoints.IsLogin(context.Transaction.GetHttpRequest()!.Path))
        {
            context.Reject(Errors.UnsupportedGrantType, "The grant type is not supported.");
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// … and the discovery document does not speak of it. It does say what OpenIddict has no words for: that public clients need no secret, and where and how
/// clients introduce themselves (RFC 7591, Client ID Metadata Documents).
/// </summary>
internal sealed class DescribeServer : IOpenIddictServerHandler<HandleConfigurationRequestContext>
{
    public ValueTask HandleAsync(HandleConfigurationRequestContext context)
    {
        context.GrantTypes.Remove(FirstPartyEndpoints.LoginGrant);
        context.TokenEndpointAuthenticationMethods.Add(ClientAuthenticationMethods.None);
        context.RevocationEndpointAuthenticationMethods.Add(ClientAuthenticationMethods.None);
        context.Metadata["registration_endpoint"] = new Uri(context.Issuer!, "connect/register").AbsoluteUri;
        context.Metadata["client_id_metadata_document_supported"] = true;
        return ValueTask.CompletedTask;
    }
}

/// <summary>Access tokens are signed with the ES256 key of the moment, all else with the internal ones: the server's own order of keys is not stable.</summary>
internal sealed class ChooseKeys(KeyRing ring) : IOpenIddictServerHandler<GenerateTokenContext>
{
    public ValueTask HandleAsync(GenerateTokenContext context)
    {
        context.SigningCredentials = context.TokenType is TokenTypeIdentifiers.AccessToken or TokenTypeIdentifiers.IdentityToken
            ? ring.Current.Access
            : ring.Current.Internal;
        context.EncryptionCredentials = context.EncryptionCredentials is null ? null : ring.Current.Encryption;
        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// A refresh token works once (RFC 9700 section 4.14.2), however many requests carry it at the same moment: one of them wins this update. For the others
/// somebody has a copy, and the session ends.
/// </summary>
internal sealed class RedeemRefreshTokenOnce(AuthDbContext db, EndAccess endAccess, TimeProvider time) : IOpenIddictServerHandler<ProcessSignInContext>
{
    public async ValueTask HandleAsync(ProcessSignInContext context)
    {
        if (context.EndpointType != OpenIddictServerEndpointType.Token || !context.Request.IsRefreshTokenGrantType())
        {
            return;
        }

        var principal = context.Transaction.GetProperty<ProcessAuthenticationContext>(typeof(ProcessAuthenticationContext).FullName!)?.RefreshTokenPrincipal
            ?? throw new InvalidOperationException("The refresh token was not validated.");
        var id = Guid.Parse(principal.GetTokenId()!);
        var redeemed = await db.IssuedTokens
            .Where(token => token.Id == id && token.Status == Statuses.Valid)
            .ExecuteUpdateAsync(set => set.SetProperty(token => token.Status, Statuses.Redeemed).SetProperty(token => token.RedemptionDate, time.GetUtcNow().UtcDateTime), context.CancellationToken);
        if (redeemed == 0)
        {
            await endAccess.OfReusedSessionAsync(principal);
            context.Reject(Errors.InvalidGrant, "The refresh token was used before.");
        }
    }
}

/// <summary>The same where the token had been redeemed before this request began; and for an authorization code, which is used once too (OAuth 2.1 section 4.1.3).</summary>
internal sealed class EndSessionOfReusedRefreshToken(AuthDbContext db, EndAccess endAccess) : IOpenIddictServerHandler<ValidateTokenContext>
{
    public async ValueTask HandleAsync(ValidateTokenContext context)
    {
        if (context.Principal is not { } principal
            || !(principal.HasTokenType(TokenTypeIdentifiers.RefreshToken) || principal.HasTokenType(TokenTypeIdentifiers.Private.AuthorizationCode))
            || !Guid.TryParse(principal.GetTokenId(), out var id))
        {
            return;
        }

        var reused = await db.IssuedTokens
            .AnyAsync(token => token.Id == id && token.Status == Statuses.Redeemed, context.CancellationToken);
        if (reused)
        {
            await endAccess.OfReusedSessionAsync(principal);
        }
    }
}
