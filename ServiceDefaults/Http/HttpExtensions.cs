using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;

namespace McpPlatform.ServiceDefaults.Http;

/// <summary>HTTP in and out.</summary>
public static class HttpExtensions
{
    /// <summary>The platform's JSON: snake_case, enums as words, an unknown property in a request is an error.</summary>
    public static JsonSerializerOptions Json { get; } = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    /// <summary>
    /// Incoming: JSON, OpenAPI, limits (body 1 MiB, headers within 10 s, 2000 connections, 64 levels of JSON). Outgoing: service discovery, and
    /// timeout, retry of what may be repeated, and circuit breaker on every <see cref="HttpClient"/> of the factory.
    /// </summary>
    /// <param name="builder">The service.</param>
    public static void AddPlatformHttp(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<KestrelServerOptions>(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = 1024 * 1024;
            options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            options.Limits.MaxConcurrentConnections = 2000;
        });
        builder.Services.ConfigureHttpJsonOptions(options => Configure(options.SerializerOptions));

        // Thrown rather than answered with an empty 400: the problem writer turns it into a sentence.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddOpenApi();
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            http.AddStandardResilienceHandler(options => options.Retry.DisableForUnsafeHttpMethods());
            http.AddServiceDiscovery();
        });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(8));

        // Only the address, and only from a loopback proxy unless ASPNETCORE_FORWARDEDHEADERS_ENABLED says that the network is trusted.
        builder.Services.Configure<ForwardedHeadersOptions>(options => options.ForwardedHeaders = ForwardedHeaders.XForwardedFor);
        builder.Services.AddHttpContextAccessor();
    }

    /// <summary>The pipeline before the endpoints: errors as problems, then the service's OpenAPI document.</summary>
    /// <param name="app">The service.</param>
    public static void UsePlatformHttp(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapOpenApi().AllowAnonymous().WithName("OpenApi");
    }

    private static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.MaxDepth = 64;
        options.AllowDuplicateProperties = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.RespectNullableAnnotations = true;
        options.Converters.Add(new StorableStringConverter());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        return options;
    }
}
