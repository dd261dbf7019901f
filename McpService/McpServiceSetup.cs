using MassTransit;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Approvals;
using McpPlatform.McpService.Budget;
using McpPlatform.McpService.BuiltIn;
using McpPlatform.McpService.Bundles;
using McpPlatform.McpService.Chat;
using McpPlatform.McpService.Credentials;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Definitions;
using McpPlatform.McpService.Exchange;
using McpPlatform.McpService.Health;
using McpPlatform.McpService.Metadata;
using McpPlatform.McpService.Protocol;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Telemetry;
using McpPlatform.McpService.Tools;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Outbound;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService;

/// <summary>The service's parts and its routes.</summary>
internal static class McpServiceSetup
{
    public static void AddMcpService(this WebApplicationBuilder builder)
    {
        builder.Services.AddValidation();
        builder.AddNpgsqlDbContext<McpDbContext>("mcpdb", McpDbContext.Schema);
        builder.AddRedisClient("redis");
        builder.AddPlatformAuthentication();
        builder.AddPlatformMessaging<McpDbContext>(bus =>
        {
            bus.AddAccessPolicyCopy();
            bus.AddConsumer<RemoveCredentialsOfDeletedUser>();
        });
        builder.AddAccessPolicy<McpDbContext>();
        builder.AddTelemetryEvents<McpServerChecked, McpServerCheckedBatch>(events => new(events));
        builder.Services.AddSingleton<McpTelemetry>();
        builder.AddStoredSecrets<McpDbContext>("upstream-secrets", db => db.Credentials.Select(row => row.HeadersKey).Concat(db.UpstreamTokens.Select(row => row.TokensKey)).Concat(db.UpstreamClients.Select(row => row.ClientKey)));
        builder.Services.AddSingleton<UpstreamCredentials>();
        builder.Services.AddUpstreamOAuth();
        builder.Services.AddHostedService<RewrapCredentials>();
        builder.AddOutboundGuard();
        builder.Services.AddUpstreams();
        builder.Services.AddScoped<ServerAccess>();
        builder.Services.AddScoped<ServerRegistration>();
        builder.Services.AddScoped<BundleAccess>();
        builder.Services.AddScoped<ContextBudget>();
        builder.Services.AddSingleton<IAuthorizationMiddlewareResultHandler, AuditDenialsHandler>();
        builder.Services.AddDefaultServer();
        builder.Services.AddTools();
        builder.AddMcpEndpoint();
        builder.Services.AddMonitor();
        builder.Services.AddBuiltInServers();
        builder.Services.AddHostedService<RegisterBuiltInServers>();
        builder.Services.AddChat();
    }

    public static void MapMcpService(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapProtectedResourceApi();
        app.MapServersApi();
        app.MapExchangeApi();
        app.MapToolsApi();
        app.MapDefinitionsApi();
        app.MapCredentialsApi();
        app.MapUpstreamOAuthApi();
        app.MapApprovalsApi();
        app.MapBundlesApi();
        app.MapChatApi();
        app.MapMcpEndpoint();
    }

    private static void AddDefaultServer(this IServiceCollection services)
    {
        services.AddOptions<DefaultServerOptions>().ValidateOnStart();
        services.AddSingleton<IConfigureOptions<DefaultServerOptions>, DefaultServerOptionsSetup>();
        services.AddSingleton<IValidateOptions<DefaultServerOptions>, DefaultServerOptionsValidator>();
        services.AddSingleton<IConfigureOptions<OutboundOptions>, DefaultServerAddress>();
        services.AddSingleton<RegisterDefaultServer>();
        services.AddHostedService(provider => provider.GetRequiredService<RegisterDefaultServer>());
        services.AddHealthChecks().AddCheck<RegisterDefaultServer>("default-server");
    }

    private static void AddTools(this IServiceCollection services)
    {
        services.AddScoped<ToolCatalogue>();
        services.AddSingleton<ToolCallRecords>();
        services.AddSingleton<ToolUsage>();
        services.AddHostedService(provider => provider.GetRequiredService<ToolUsage>());
        services.AddSingleton<ApprovalStore>();
        services.AddHostedService<PruneApprovals>();
        services.AddSingleton<ToolCalls>();
        services.AddSingleton<CallLimits>();
    }

    private static void AddMonitor(this IServiceCollection services)
    {
        services.AddOptions<MonitorOptions>().BindConfiguration(MonitorOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MonitorOptions>, MonitorOptionsValidator>();
        services.AddSingleton<SweepSignal>();
        services.AddScoped<ServerProbe>();
        services.AddHostedService<ServerMonitor>();
    }
}
