using System.Security.Claims;
using McpPlatform.Contracts.Identity;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>Who calls.</summary>
public static class AuthenticationExtensions
{
    private const string Undecided = "mcpplatform.token_undecided";

    /// <summary>
    /// Access tokens of the platform (RFC 9068: ES256, <c>typ</c> at+jwt, issuer, lifetime with 30 s of clock skew, and the audience that the path asks for),
    /// looked up among the revoked ones; and a fallback policy, so that an endpoint that says nothing needs a token. Needs <c>AddRedisClient</c>.
    /// </summary>
    /// <param name="builder">The service.</param>
    public static void AddPlatformAuthentication(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<PlatformAuthenticationOptions>().BindConfiguration(PlatformAuthenticationOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PlatformAuthenticationOptions>, PlatformAuthenticationOptionsValidator>());
        services.TryAddSingleton<RevocationList>();
        services.TryAddSingleton<RevocationCheck>();
        services.TryAddSingleton<PlatformTokenHandler>();
        services.AddHostedService<KeyWatch>();
        services.AddHttpContextAccessor();
        services.AddScoped(provider =>
            CurrentUser.From(provider.GetRequiredService<IHttpContextAccessor>().HttpContext?.User ?? new ClaimsPrincipal())
            ?? throw new InvalidOperationException("CurrentUser was asked for where no token is required."));

        // AuthService registers its own of both: it has the keys and the database at hand.
        services.TryAddSingleton<IConfigurationManager<OpenIdConnectConfiguration>, PlatformKeys>();
        services.TryAddSingleton<IRevocationTruth, RemoteRevocations>();
        var client = services.AddHttpClient(PlatformKeys.Client, http => http.Timeout = TimeSpan.FromSeconds(2));
#pragma warning disable EXTEXP0001 // For evaluation only; there is no other way to opt one client out of the defaults.
        // Requests with a token wait for this one: better an answer that says so, soon, than one more try.
        client.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<IServiceProvider>(Configure);
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }

    private static void Configure(JwtBearerOptions bearer, IServiceProvider provider)
    {
        var platform = provider.GetRequiredService<IOptions<PlatformAuthenticationOptions>>().Value;
        bearer.MapInboundClaims = false;
        bearer.SaveToken = false;
        bearer.RequireHttpsMetadata = false;
        bearer.ConfigurationManager = provider.GetRequiredService<IConfigurationManager<OpenIdConnectConfiguration>>();
        bearer.TokenHandlers.Clear();
        bearer.TokenHandlers.Add(provider.GetRequiredService<PlatformTokenHandler>());
        var parameters = bearer.TokenValidationParameters;
        parameters.ValidIssuer = platform.CanonicalIssuer;
        parameters.ValidAlgorithms = ["ES256"];
        parameters.ValidTypes = ["at+jwt"];
        parameters.RequireExpirationTime = true;
        parameters.TryAllIssuerSigningKeys = false;
        parameters.ClockSkew = TimeSpan.FromSeconds(30);
        parameters.NameClaimType = PlatformClaims.Username;
        parameters.RoleClaimType = PlatformClaims.Role;

        // Which of the platform's audiences is asked for depends on the path: see below.
        parameters.AudienceValidator = (audiences, _, _) => audiences.Any(platform.IsAudience);
        bearer.Events = new JwtBearerEvents
        {
            OnTokenValidated = context => CheckAudienceAsync(context, platform), OnAuthenticationFailed = NoteUndecidedAsync, OnChallenge = ChallengeAsync,
        };
    }

    // RFC 8707: a token for the MCP endpoints opens nothing else, and one for a bundle opens no other bundle.
    private static Task CheckAudienceAsync(TokenValidatedContext context, PlatformAuthenticationOptions platform)
    {
        if (!platform.Accepts(((JsonWebToken)context.SecurityToken).Audiences, context.Request.Path))
        {
            context.Fail("The token is for another resource.");
        }

        return Task.CompletedTask;
    }

    private static Task NoteUndecidedAsync(AuthenticationFailedContext context)
    {
        if (context.Exception is UndecidedException)
        {
            context.HttpContext.Items[Undecided] = true;
        }

        return Task.CompletedTask;
    }

    private static Task ChallengeAsync(JwtBearerChallengeContext context)
    {
        if (context.HttpContext.Items.ContainsKey(Undecided))
        {
            context.HandleResponse();
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "2";
        }

        return Task.CompletedTask;
    }
}
