using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace McpPlatform.AuthService.Authorization;

/// <summary>Resources at the authorization endpoint (RFC 8707): bundles come and go, so OpenIddict's fixed list is not used.</summary>
internal sealed class ValidateRequestedResources(ResourceIndicators resources) : IOpenIddictServerHandler<ValidateAuthorizationRequestContext>
{
    public ValueTask HandleAsync(ValidateAuthorizationRequestContext context)
    {
        var requested = context.Request.GetResources();
        if (requested.Length > ResourceIndicators.Most || !requested.All(resources.IsKnown))
        {
            context.Reject(Errors.InvalidTarget, resources.Rule);
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>… and at the token endpoint: nothing outside of what was granted, and the error that says so (OpenIddict by itself calls the grant invalid).</summary>
internal sealed class ValidateWithinGrant : IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    public ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        var grant = context.AuthorizationCodePrincipal ?? context.RefreshTokenPrincipal;
        var granted = grant?.GetResources() ?? [];
        if (context.Request.GetResources().Except(granted, StringComparer.Ordinal).Any())
        {
            context.Reject(Errors.InvalidTarget, "The resource is not among those that were granted.");
        }
        else if (grant is not null && context.Request.GetScopes().Except(grant.GetScopes(), StringComparer.Ordinal).Any())
        {
            context.Reject(Errors.InvalidScope, "The scope is not among those that were granted.");
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// An access token for some of the granted resources and scopes (RFC 8707 section 2.2, RFC 6749 section 6); the refresh token beside it keeps them all.
/// </summary>
internal sealed class NarrowAccessToken : IOpenIddictServerHandler<ProcessSignInContext>
{
    public ValueTask HandleAsync(ProcessSignInContext context)
    {
        if (context is { EndpointType: OpenIddictServerEndpointType.Token, AccessTokenPrincipal: { } token })
        {
            if (context.Request.GetResources() is { Length: > 0 } resources)
            {
                token.SetAudiences(resources);
            }

            if (context.Request.IsRefreshTokenGrantType() && context.Request.GetScopes() is { Length: > 0 } scopes)
            {
                token.SetScopes(scopes);
            }
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// Once client and redirect address are known to belong together, the client is told what is wrong with its request (RFC 6749 section 4.1.2.1);
/// OpenIddict by itself tells it nothing that it found while validating.
/// </summary>
internal sealed class RedirectErrors(IOpenIddictApplicationManager applications) : IOpenIddictServerHandler<ApplyAuthorizationResponseContext>
{
    public async ValueTask HandleAsync(ApplyAuthorizationResponseContext context)
    {
        if (context.Error is null or Errors.ServerError or Errors.InvalidClient || context.RedirectUri is not null
            || context.Request is not { ClientId: { Length: > 0 and <= ClientRegistrationConfiguration.MaxClientIdLength } clientId, RedirectUri: { Length: > 0 } redirectUri } request)
        {
            return;
        }

        if (await applications.FindByClientIdAsync(clientId, context.CancellationToken) is { } client
            && await applications.ValidateRedirectUriAsync(client, redirectUri, context.CancellationToken))
        {
            context.RedirectUri = redirectUri;

            // The mode may be what is wrong.
            request.ResponseMode = ResponseModes.Query;
        }
    }
}

/// <summary>Where nobody can be told, the person is.</summary>
internal sealed class ShowErrorPage : IOpenIddictServerHandler<ApplyAuthorizationResponseContext>
{
    public async ValueTask HandleAsync(ApplyAuthorizationResponseContext context)
    {
        if (context.Error is null || context.RedirectUri is not null || context.Transaction.GetHttpRequest()?.HttpContext is not { } http)
        {
            return;
        }

        var status = context.Error == Errors.ServerError ? StatusCodes.Status500InternalServerError : StatusCodes.Status400BadRequest;
        await PageResults.ShowError(http, status, $"{context.Response.ErrorDescription ?? "The application's request is wrong."} ({context.Error})").ExecuteAsync(http);
        context.HandleRequest();
    }
}

/// <summary>A client whose id is an address is looked up there, before OpenIddict looks for it in the database.</summary>
internal sealed class FindClientDocument(ClientDocuments documents) : IOpenIddictServerHandler<ValidateAuthorizationRequestContext>
{
    public async ValueTask HandleAsync(ValidateAuthorizationRequestContext context)
    {
        if (context.ClientId is { } clientId && ClientDocuments.IsAddress(clientId) && await documents.EnsureAsync(clientId, context.CancellationToken) is { } fault)
        {
            context.Reject(Errors.InvalidClient, fault);
        }
    }
}
