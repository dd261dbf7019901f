using McpPlatform.AuthService.Accounts;
using McpPlatform.AuthService.Admin;
using McpPlatform.AuthService.ApiKeys;
using McpPlatform.AuthService.Authorization;
using McpPlatform.AuthService.Bootstrap;
using McpPlatform.AuthService.Data;
using McpPlatform.AuthService.External;
using McpPlatform.AuthService.Pruning;
using McpPlatform.AuthService.Revocations;
using McpPlatform.AuthService.SecondFactor;
using McpPlatform.AuthService.Sessions;
using McpPlatform.AuthService.Telemetry;
using McpPlatform.AuthService.Tokens;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.ServiceDefaults.Messaging;

namespace McpPlatform.AuthService;

/// <summary>Accounts' credentials, tokens and keys, sessions, the first admin.</summary>
internal static class AuthServiceSetup
{
    public static void AddAuthService(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidation();
        builder.AddNpgsqlDbContext<AuthDbContext>("authdb", AuthDbContext.Schema);
        builder.AddRedisClient("redis");
        builder.AddTokens();
        builder.AddPlatformAuthentication();
        builder.AddPlatformMessaging<AuthDbContext>(bus =>
        {
            bus.AddConsumer<ApplyGrants>();
            bus.AddConsumer<DisableAccount>();
            bus.AddConsumer<EnableAccount>();
            bus.AddConsumer<ApplyEmail>();
            bus.AddConsumer<AnonymiseAccount>();
        });
        builder.AddAccounts();
        builder.AddSessions();
        builder.AddSecondFactor();
        builder.AddOAuth();
        builder.AddRevocations();
        builder.AddExternalLogins();
        builder.AddBootstrap();
        builder.AddAdmin();
        builder.AddPruning();
        builder.Services.AddSingleton<AuthTelemetry>();
    }

    public static void MapAuthService(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UsePublicAddress();
        app.UseCheckedForms();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapSessionsApi();
        app.MapOAuth();
        app.MapRevocationsApi();
        app.MapApiKeysApi();
        app.MapTotpApi();
        app.MapExternalLogins();
        app.MapBootstrapApi();
        app.MapAccountsApi();
    }
}
