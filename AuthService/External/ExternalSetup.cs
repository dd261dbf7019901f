using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Sessions;
using McpPlatform.AuthService.Tokens;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using OpenIddict.Client;
using OpenIddict.Client.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Client.AspNetCore.OpenIddictClientAspNetCoreHandlers;
using static OpenIddict.Client.OpenIddictClientEvents;

namespace McpPlatform.AuthService.External;

/// <summary>Login at other providers. Without one in the configuration there are only the addresses, which lead nowhere.</summary>
internal static class ExternalSetup
{
    public static void AddExternalLogins(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var section = builder.Configuration.GetSection(ExternalLoginsOptions.Section);
        services.AddOptions<ExternalLoginsOptions>().Configure(options => section.Bind(options.Providers)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ExternalLoginsOptions>, ExternalLoginsOptionsValidator>());
        services.AddAuthentication().AddCookie(
            ExternalIdentity.PendingScheme, options => (options.ExpireTimeSpan, options.SlidingExpiration) = (TimeSpan.FromMinutes(10), false));
        services.AddPageCookie(ExternalIdentity.PendingScheme, "external");
        services.AddScoped<ExternalAccounts>();
        services.AddScoped<ExternalLogin>();
        if (section.GetChildren().Any())
        {
            services.AddSingleton<ExternalClientOptions>();
            services.AddSingleton<IConfigureOptions<OpenIddictClientOptions>>(provider => provider.GetRequiredService<ExternalClientOptions>());
            services.AddSingleton<IOptionsChangeTokenSource<OpenIddictClientOptions>>(provider => provider.GetRequiredService<ExternalClientOptions>());
            services.AddOpenIddict().AddClient(AddClient);
            services.AddOptions<OpenIddictClientAspNetCoreOptions>().Configure<IOptions<PlatformAuthenticationOptions>>((options, platform) =>
            {
                // The answer comes by a redirect: the cookie need not come with other sites' forms, and over plain http it could not.
                options.CookieBuilder.SameSite = SameSiteMode.Lax;
                options.CookieBuilder.SecurePolicy =
                    platform.Value.CanonicalIssuer.StartsWith("https:", StringComparison.Ordinal) ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
            });
        }
    }

    public static void MapExternalLogins(this WebApplication app)
    {
        var pages = app.MapGroup("/connect/external/{provider}").WithTags("OAuth").AllowAnonymous();
        pages.MapGet("", ExternalLogin.StartAsync).WithName("StartExternalLogin").Produces(302).Produces(400, contentType: "text/html");
        pages.MapGet("/callback", ExternalLogin.FinishAsync).WithName("FinishExternalLogin").Produces(303).Produces(400, contentType: "text/html");
        pages.MapPost("/code", ExternalCode.HandleAsync).WithName("ConfirmExternalLogin").DisableAntiforgery().Produces(303).Produces(400, contentType: "text/html");
        var own = app.MapGroup("/api/auth/external-logins").WithTags("Auth").RequireLogin();
        own.MapGet("", ListExternalLogins.HandleAsync).WithName("ListExternalLogins");
        own.MapDelete("/{provider}", RemoveExternalLogin.HandleAsync).WithName("RemoveExternalLogin");
    }

    public static string DisplayNameOf(this ExternalLoginsOptions options, string provider) =>
        options.Providers.TryGetValue(provider, out var found) && found.DisplayName.Length > 0 ? found.DisplayName : provider;

    private static void AddClient(OpenIddictClientBuilder client)
    {
        client.AllowAuthorizationCodeFlow();
        client.UseAspNetCore().EnableRedirectionEndpointPassthrough().EnableErrorPassthrough().DisableAutomaticAuthenticationSchemeForwarding().DisableTransportSecurityRequirement();

        // The page says what went wrong, and with which status: an endpoint that finds a 400 set already does not run.
        client.RemoveEventHandler(AttachHttpResponseCode<ApplyRedirectionResponseContext>.Descriptor).RemoveEventHandler(AttachHttpResponseCode<ProcessErrorContext>.Descriptor);

        // A person waits for each of these answers.
        client.UseSystemNetHttp().ConfigureHttpClient(http => http.Timeout = TimeSpan.FromSeconds(5));
    }

    /// <summary>The providers of the configuration, and the keys of the ring, so that a callback may come to another replica than the one that began.</summary>
    private sealed class ExternalClientOptions(KeyRing ring, IOptions<ExternalLoginsOptions> logins, IOptions<PlatformAuthenticationOptions> platform)
        : IConfigureOptions<OpenIddictClientOptions>, IOptionsChangeTokenSource<OpenIddictClientOptions>
    {
        public string Name => Options.DefaultName;

        public IChangeToken GetChangeToken() => ring.GetChangeToken();

        public void Configure(OpenIddictClientOptions options)
        {
            options.EncryptionCredentials.Add(ring.Current.Encryption);
            options.SigningCredentials.Add(ring.Current.Internal);
            options.ResponseModes.IntersectWith([ResponseModes.Query]);
            foreach (var (name, provider) in logins.Value.Providers)
            {
                // An address for each: the answer of one provider is never taken for another's (RFC 9700 section 4.4).
                var callback = new Uri(new Uri(platform.Value.CanonicalIssuer), $"connect/external/{name}/callback");
                options.RedirectionEndpointUris.Add(callback);
                var registration = new OpenIddictClientRegistration
                {
                    RegistrationId = name,
                    ProviderName = name,
                    Issuer = new Uri(provider.Authority),
                    ClientId = provider.ClientId,
                    ClientSecret = provider.ClientSecret.Length > 0 ? provider.ClientSecret : null,
                    RedirectUri = callback,
                };
                registration.Scopes.UnionWith(provider.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                options.Registrations.Add(registration);
            }
        }
    }
}
