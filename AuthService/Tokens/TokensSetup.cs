using McpPlatform.AuthService.ApiKeys;
using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Data;
using McpPlatform.Contracts.Identity;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using OpenIddict.EntityFrameworkCore.Models;
using OpenIddict.Server;
using static OpenIddict.Server.AspNetCore.OpenIddictServerAspNetCoreHandlers;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlers;

namespace McpPlatform.AuthService.Tokens;

/// <summary>The token server: OpenIddict, with its defaults corrected where they are too weak for us.</summary>
internal static class TokensSetup
{
    public static void AddTokens(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<TokensOptions>().Bind(builder.Configuration).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TokensOptions>, TokensOptionsValidator>());
        services.AddOptions<SigningKeysOptions>().BindConfiguration(SigningKeysOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SigningKeysOptions>, SigningKeysOptionsValidator>());
        builder.AddSecretProtection();
        services.AddSingleton<KeyProtector>();
        services.AddSingleton<KeySchedule>();
        services.AddScoped<KeyRotation>();
        services.AddSingleton<KeyRing>();
        services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>>(provider => provider.GetRequiredService<KeyRing>());
        services.AddSingleton<IOptionsChangeTokenSource<OpenIddictServerOptions>>(provider => provider.GetRequiredService<KeyRing>());
        services.AddSingleton<IConfigurationManager<OpenIdConnectConfiguration>, OwnKeys>();
        services.AddHostedService<KeyRingLoader>();
        services.AddHostedService<ClientSeeder>();
        services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<AuthDbContext>()
                .ReplaceDefaultEntities<OAuthClient, Sessions.Session, OpenIddictEntityFrameworkCoreScope<Guid>, IssuedToken, Guid>())
            .AddServer(Configure);
        services.AddOptions<OpenIddictServerOptions>().Configure<IOptions<TokensOptions>, IOptions<PlatformAuthenticationOptions>>((server, tokens, platform) =>
        {
            server.Issuer = new Uri(platform.Value.CanonicalIssuer);
            server.AccessTokenLifetime = tokens.Value.AccessTokenLifetime;
            server.RefreshTokenLifetime = tokens.Value.RefreshTokenLifetime;
        });
    }

    /// <summary>
    /// The discovery document is built from the request's host, even with a fixed issuer: whoever sends another Host would be told addresses of their choice.
    /// </summary>
    public static void UsePublicAddress(this WebApplication app) => app.Use((context, next) =>
    {
        var issuer = new Uri(context.RequestServices.GetRequiredService<IOptions<PlatformAuthenticationOptions>>().Value.CanonicalIssuer);
        context.Request.Scheme = issuer.Scheme;
        context.Request.Host = HostString.FromUriComponent(issuer);
        return next(context);
    });

    private static void Configure(OpenIddictServerBuilder server)
    {
        server.SetTokenEndpointUris(FirstPartyEndpoints.Token, FirstPartyEndpoints.Login, FirstPartyEndpoints.AuthLogin, FirstPartyEndpoints.Refresh)
            .SetConfigurationEndpointUris(".well-known/openid-configuration", ".well-known/oauth-authorization-server")
            .SetJsonWebKeySetEndpointUris(".well-known/jwks.json")
            .AllowCustomFlow(FirstPartyEndpoints.LoginGrant)
            .AllowRefreshTokenFlow()
            .AllowOAuth()
            .AllowClientCredentialsFlow()
            .AllowTokenExchangeFlow()
            .DisableAccessTokenEncryption()
            .UseReferenceRefreshTokens()
            .SetRefreshTokenReuseLeeway(TimeSpan.Zero);

        // An API key, and no token of ours: those must not turn into each other.
        server.Configure(options =>
        {
            options.SubjectTokenTypes.Clear();
            options.SubjectTokenTypes.Add(ApiKeyFormat.TokenType);
        });

        // TLS ends at the edge; what comes here comes over the platform's own network.
        server.UseAspNetCore().EnableTokenEndpointPassthrough().EnableAuthorizationEndpointPassthrough().EnableUserInfoEndpointPassthrough()
            .DisableTransportSecurityRequirement();

        server.RemoveEventHandler(ExtractPostRequest<ExtractTokenRequestContext>.Descriptor);
        server.AddEventHandler<ExtractTokenRequestContext>(handler => handler.UseSingletonHandler<ExtractTokenOrLoginRequest>()
            .SetOrder(ExtractPostRequest<ExtractTokenRequestContext>.Descriptor.Order));
        server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseSingletonHandler<RefuseLoginGrantElsewhere>());

        // After the built-in handlers of this event, which start at int.MaxValue - 100,000.
        server.AddEventHandler<HandleConfigurationRequestContext>(handler => handler.UseSingletonHandler<DescribeServer>().SetOrder(int.MaxValue));
        server.AddEventHandler<GenerateTokenContext>(handler => handler.UseSingletonHandler<ChooseKeys>()
            .SetOrder(Protection.AttachSecurityCredentials.Descriptor.Order + 1));
        server.AddEventHandler<ProcessSignInContext>(handler => handler.UseScopedHandler<RedeemRefreshTokenOnce>()
            .SetOrder(RedeemTokenEntry.Descriptor.Order - 1));
        server.AddEventHandler<ValidateTokenContext>(handler => handler.UseScopedHandler<ValidateApiKey>()
            .SetOrder(Protection.ResolveTokenValidationParameters.Descriptor.Order - 1));
        server.AddEventHandler<GenerateTokenContext>(handler => handler.UseSingletonHandler<KeepNoEntryOfKeyTokens>()
            .SetOrder(Protection.CreateTokenEntry.Descriptor.Order - 1));
        server.AddEventHandler<ValidateTokenContext>(handler => handler.UseScopedHandler<EndSessionOfReusedRefreshToken>()
            .SetOrder(Protection.ValidateTokenEntry.Descriptor.Order - 1));
        server.AddEventHandler<ApplyTokenResponseContext>(handler => handler.UseSingletonHandler<WriteFirstPartyResponse>()
            .SetOrder(ProcessJsonResponse<ApplyTokenResponseContext>.Descriptor.Order - 1000));
    }
}
