using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using IPNetwork = System.Net.IPNetwork;

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

        builder.AddKnownProxies();
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

    /// <summary>
    /// Only the address is taken from a proxy, and only from one that the operator names: who else says where a request comes from chooses an address to be
    /// counted under. ASPNETCORE_FORWARDEDHEADERS_ENABLED, which deployments set, would trust everybody; here it means the private networks.
    /// </summary>
    private static void AddKnownProxies(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<ProxyOptions>().BindConfiguration(ProxyOptions.Section).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ProxyOptions>, ProxyOptionsValidator>());
        string[] byDefault = string.Equals(builder.Configuration["FORWARDEDHEADERS_ENABLED"], "true", StringComparison.OrdinalIgnoreCase)
            ? ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10"]
            : ["127.0.0.0/8", "::1/128"];
        builder.Services.AddOptions<ForwardedHeadersOptions>().PostConfigure<IOptions<ProxyOptions>>((options, proxies) =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor;

            // Back to the first address that no proxy of ours has said: with a limit a chain of them would all be counted as one client.
            options.ForwardLimit = null;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            var networks = proxies.Value.Networks.OfType<IPNetwork>().ToList();
            foreach (var network in networks.Count > 0 ? networks : byDefault.Select(IPNetwork.Parse))
            {
                options.KnownIPNetworks.Add(network);
            }
        });
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
