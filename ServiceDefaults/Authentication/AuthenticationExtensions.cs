using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>Who calls.</summary>
public static class AuthenticationExtensions
{
    private const string Undecided = "mcpplatform.token_undecided", KeysClient = "jwks";

    /// <summary>
    /// Access tokens of the platform (RFC 9068: ES256, <c>typ</c> at+jwt, issuer, audience and lifetime checked, 30 s of clock skew), looked up in the
    /// revocation list; and a fallback policy, so that an endpoint that says nothing needs a token. Needs <c>AddRedisClient</c>.
    /// </summary>
    /// <param name="builder">The service.</param>
    public static void AddPlatformAuthentication(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<PlatformAuthenticationOptions>().BindConfiguration(PlatformAuthenticationOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PlatformAuthenticationOptions>, PlatformAuthenticationOptionsValidator>());
        services.TryAddSingleton<RevocationList>();
        services.AddHttpContextAccessor();
        services.AddScoped(provider =>
            CurrentUser.From(provider.GetRequiredService<IHttpContextAccessor>().HttpContext?.User ?? new ClaimsPrincipal())
            ?? throw new InvalidOperationException("CurrentUser was asked for where no token is required."));

        // AuthService registers one of its own: it has the keys at hand.
        services.TryAddSingleton<IConfigurationManager<OpenIdConnectConfiguration>>(CreateKeySource);
        var client = services.AddHttpClient(KeysClient, http => http.Timeout = TimeSpan.FromSeconds(2));
#pragma warning disable EXTEXP0001 // For evaluation only; there is no other way to opt one client out of the defaults.
        // Until the first answer every request with a token waits for this one, and the next request tries again anyway.
        client.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<IOptions<PlatformAuthenticationOptions>, IConfigurationManager<OpenIdConnectConfiguration>>(Configure);
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }

    private static ConfigurationManager<OpenIdConnectConfiguration> CreateKeySource(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<PlatformAuthenticationOptions>>().Value;
        var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient(KeysClient);
        return new ConfigurationManager<OpenIdConnectConfiguration>(
            options.JwksAddress, new JwksRetriever(options.CanonicalIssuer), new HttpDocumentRetriever(client) { RequireHttps = false })
        {
            // Else a key that was removed is accepted for another hour.
            UseLastKnownGoodConfiguration = false,
            AutomaticRefreshInterval = TimeSpan.FromMinutes(5),
            RefreshInterval = TimeSpan.FromSeconds(30),
        };
    }

    private static void Configure(
        JwtBearerOptions bearer, IOptions<PlatformAuthenticationOptions> platform, IConfigurationManager<OpenIdConnectConfiguration> keys)
    {
        bearer.MapInboundClaims = false;
        bearer.ConfigurationManager = keys;
        bearer.RequireHttpsMetadata = false;
        var parameters = bearer.TokenValidationParameters;
        parameters.ValidIssuer = platform.Value.CanonicalIssuer;
        parameters.ValidAudience = platform.Value.Audience;
        parameters.ValidAlgorithms = ["ES256"];
        parameters.ValidTypes = ["at+jwt"];
        parameters.RequireExpirationTime = true;
        parameters.ClockSkew = TimeSpan.FromSeconds(30);
        parameters.NameClaimType = Contracts.Identity.PlatformClaims.Username;
        parameters.RoleClaimType = Contracts.Identity.PlatformClaims.Role;
        bearer.Events = new JwtBearerEvents { OnTokenValidated = CheckRevocationAsync, OnAuthenticationFailed = CheckKeysAsync, OnChallenge = ChallengeAsync };
    }

    private static async Task CheckKeysAsync(AuthenticationFailedContext context)
    {
        if (context.Exception is not SecurityTokenSignatureKeyNotFoundException)
        {
            return;
        }

        try
        {
            await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted);
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException or HttpRequestException)
        {
            // Not one key was ever seen: the token may well be good, and a 401 would make its owner throw it away.
            context.HttpContext.Items[Undecided] = true;
        }
    }

    private static async Task CheckRevocationAsync(TokenValidatedContext context)
    {
        try
        {
            var list = context.HttpContext.RequestServices.GetRequiredService<RevocationList>();
            if (await list.IsRevokedAsync(context.Principal!))
            {
                context.Fail("The token was revoked.");
            }
        }
        catch (Exception exception) when (exception is StackExchange.Redis.RedisException or TimeoutException)
        {
            // Not knowing is no reason to allow.
            context.HttpContext.Items[Undecided] = true;
            context.Fail(exception);
        }
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
