using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.Gateway.ApiKeys;
using McpPlatform.Gateway.Documentation;
using McpPlatform.Gateway.Edge;
using McpPlatform.Gateway.Health;
using McpPlatform.Gateway.RateLimits;
using McpPlatform.Gateway.Requests;
using McpPlatform.Gateway.Routing;
using McpPlatform.Gateway.Telemetry;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Data;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Configuration.Json;

namespace McpPlatform.Gateway;

/// <summary>The Gateway's table of contents: what it consists of, and in which order a request meets it.</summary>
internal static class GatewaySetup
{
    public static void AddGateway(this WebApplicationBuilder builder)
    {
        // The routes lie beside the program, whatever the folder that it is started from; what else says something of them wins.
        var own = new JsonConfigurationSource { Path = Path.Combine(AppContext.BaseDirectory, "appsettings.json"), Optional = true };
        own.ResolveFileProvider();
        builder.Configuration.Sources.Insert(0, own);
        builder.AddRedisClient("redis");
        builder.AddPlatformAuthentication();
        builder.AddPlatformMessaging();
        builder.AddTelemetryEvents<RequestCompleted, RequestCompletedBatch>(events => new(events));
        builder.Services.AddSingleton<GatewayTelemetry>();

        // This is the edge: what is said of a client's address is worth nothing, unless by a proxy in front that the operator names.
        var knownProxies = builder.Configuration["ForwardedHeaders:KnownProxies"];
        builder.Services.PostConfigure<ForwardedHeadersOptions>(options =>
            options.ForwardedHeaders = string.IsNullOrWhiteSpace(knownProxies) ? ForwardedHeaders.None : options.ForwardedHeaders);

        // Around everything, even around routing and the error pages: nothing may go unrecorded, or out without its headers.
        builder.Services.AddTransient<IStartupFilter, OutermostMiddleware>();
        builder.AddServiceClient();
        builder.AddServiceHealth();
        builder.AddCrossOrigin();
        builder.AddRateLimits();
        builder.AddRunningRequests();
        builder.AddApiKeys();
        builder.AddForwarding();
        builder.AddDocumentation();
    }

    public static void MapGateway(this WebApplication app)
    {
        app.UseForwardedHeaders();
        app.UseMiddleware<ForgedHeaders>();
        app.UseMiddleware<McpEndpointGuard>();
        app.UseCors();
        app.UseMiddleware<ExchangeApiKeys>();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.UseRunningRequests();
        app.MapDocumentation();

        // The Gateway's address is a public one: a scraper authenticates, with an API key for instance.
        app.MapPlatformMetrics().RequirePermission(Permissions.AnalyticsRead);
        app.MapForwarding();
    }

    private sealed class OutermostMiddleware : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseMiddleware<RequestRecorder>();
            app.UseMiddleware<SecurityHeaders>();
            next(app);
        };
    }
}
