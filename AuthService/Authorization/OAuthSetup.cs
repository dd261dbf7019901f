using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Outbound;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.AspNetCore.OpenIddictServerAspNetCoreHandlers;
using static OpenIddict.Server.OpenIddictServerEvents;
using Handlers = OpenIddict.Server.OpenIddictServerHandlers;

namespace McpPlatform.AuthService.Authorization;

/// <summary>OAuth 2.1 for MCP clients: the authorization endpoint and its pages, clients that introduce themselves, revocation, who a token is of.</summary>
internal static class OAuthSetup
{
    private const long PageBytes = 64 * 1024, RegistrationBytes = 16 * 1024;

    public static void AddOAuth(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<OAuthOptions>().BindConfiguration(OAuthOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OAuthOptions>, OAuthOptionsValidator>());
        builder.AddOutboundGuard();
        builder.AddCookieKeys();
        ClientDocuments.Configure(services);
        services.AddRazorComponents();
        services.AddAntiforgery(options => options.FormFieldName = LoginPages.FormTokenField);
        services.AddOptions<AntiforgeryOptions>().Configure<IOptions<PlatformAuthenticationOptions>>((options, platform) => Protect(options.Cookie, "form", platform.Value));
        services.AddAuthentication().AddCookie(BrowserSessions.Scheme, options => (options.ExpireTimeSpan, options.SlidingExpiration) = (TimeSpan.FromHours(12), false));
        services.AddPageCookie(BrowserSessions.Scheme, "session");
        services.AddSingleton<ResourceIndicators>();
        services.AddSingleton<RegistrationLimit>();
        services.AddScoped<Authorize>();
        services.AddScoped<BrowserSessions>();
        services.AddScoped<ClientDescriptions>();
        services.AddScoped<ClientDocuments>();
        services.AddScoped<Consents>();
        services.AddScoped<LoginPages>();
        services.AddScoped<PageResults>();
    }

    public static void MapOAuth(this WebApplication app)
    {
        // OpenIddict has read and checked what comes to authorize and userinfo. The forms check their own tokens, since a stale one shows the page again.
        var pages = app.MapGroup("/connect").WithTags("OAuth").AllowAnonymous().DisableAntiforgery().WithMetadata(new RequestLimit(PageBytes));
        pages.MapMethods("/authorize", ["GET", "POST"], Authorize.HandleAsync).WithName("Authorize").Produces(200, contentType: "text/html").Produces(302);
        pages.MapPost("/login", LoginPages.LogInAsync).WithName("LogInPage").Produces(303).Produces(400, contentType: "text/html");
        pages.MapPost("/logout", LoginPages.LogOutAsync).WithName("LogOutPage").Produces(303).Produces(400, contentType: "text/html");

        pages.MapGet("/identify", Identify.HandleAsync).WithName("Identify").Produces(302).Produces(200, contentType: "text/html");
        app.MapGet("/internal/browser-session", Identify.FindUserAsync).WithTags("Internal").WithName("FindBrowserUser").AllowAnonymous();

        // Answers to the scopes of a client's token, not to permissions: OpenID Connect's discovery describes it.
        pages.MapMethods("/userinfo", ["GET", "POST"], GetUserInfo.HandleAsync).WithName("UserInfo").ExcludeFromDescription();
        app.MapPost("/connect/register", RegisterClient.HandleAsync).WithTags("OAuth").WithName("RegisterClient").AllowAnonymous()
            .WithMetadata(new RequestLimit(RegistrationBytes)).Produces(201).Produces(400);
    }

    /// <summary>Protects the cookie of a scheme as all cookies of the pages are.</summary>
    public static void AddPageCookie(this IServiceCollection services, string scheme, string name) => services.AddOptions<CookieAuthenticationOptions>(scheme)
        .Configure<IOptions<PlatformAuthenticationOptions>>((options, platform) => Protect(options.Cookie, name, platform.Value));

    /// <summary>The flow and its endpoints.</summary>
    public static OpenIddictServerBuilder AllowOAuth(this OpenIddictServerBuilder server)
    {
        server.SetAuthorizationEndpointUris("connect/authorize").SetRevocationEndpointUris("connect/revoke").SetUserInfoEndpointUris("connect/userinfo")
            .AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange().SetAuthorizationCodeLifetime(TimeSpan.FromMinutes(1))
            .RegisterScopes([.. OAuthScopes.All])

            // The user decides what a client gets, and bundles come and go: neither is fixed for a client.
            .IgnoreScopePermissions().IgnoreResourcePermissions().DisableResourceValidation()
            .Configure(options =>
            {
                options.CodeChallengeMethods.Remove(CodeChallengeMethods.Plain);

                // No client of ours has a key to sign with, so none is invited to.
                options.ClientAuthenticationMethods.Remove(ClientAuthenticationMethods.PrivateKeyJwt);

                // The other modes hand the code to a script.
                options.ResponseModes.IntersectWith([ResponseModes.Query]);
            });
        server.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseScopedHandler<FindClientDocument>()
            .SetOrder(Handlers.Authentication.ValidateClientIdParameter.Descriptor.Order + 500));
        server.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseSingletonHandler<ValidateRequestedResources>()
            .SetOrder(Handlers.Authentication.ValidateProofKeyForCodeExchangeRequirement.Descriptor.Order + 500));
        server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseSingletonHandler<ValidateWithinGrant>()
            .SetOrder(Handlers.Exchange.ValidateGrantedScopes.Descriptor.Order - 500));
        server.AddEventHandler<ProcessSignInContext>(handler => handler.UseSingletonHandler<NarrowAccessToken>().SetOrder(Handlers.PrepareAccessTokenPrincipal.Descriptor.Order + 500));
        server.AddEventHandler<HandleRevocationRequestContext>(handler => handler.UseScopedHandler<EndSessionOnRevocation>().SetOrder(Handlers.Revocation.RevokeToken.Descriptor.Order + 500));
        server.AddEventHandler<ApplyAuthorizationResponseContext>(handler => handler.UseScopedHandler<RedirectErrors>()
            .SetOrder(Handlers.Authentication.AttachRedirectUri.Descriptor.Order + 500));
        server.AddEventHandler<ApplyAuthorizationResponseContext>(handler => handler.UseSingletonHandler<ShowErrorPage>()
            .SetOrder(ProcessLocalErrorResponse<ApplyAuthorizationResponseContext>.Descriptor.Order - 5_000));
        return server;
    }

    // Over https the browser itself holds the cookie to this host, and to https.
    private static void Protect(CookieBuilder cookie, string name, PlatformAuthenticationOptions platform)
    {
        var secure = platform.CanonicalIssuer.StartsWith("https:", StringComparison.Ordinal);
        cookie.Name = (secure ? "__Host-" : string.Empty) + "mcpplatform-" + name;
        cookie.SecurePolicy = secure ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
        cookie.SameSite = SameSiteMode.Lax;
        cookie.HttpOnly = true;
        cookie.IsEssential = true;
        cookie.Path = "/";
    }

    private sealed class RequestLimit(long bytes) : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => bytes;
    }
}
