using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace McpPlatform.Gateway.Edge;

/// <summary>
/// CORS for the origins of <c>CORS_ORIGINS</c>. Without credentials: the API is called with bearer tokens, and a cookie (of the login page) is no business of
/// another origin.
/// </summary>
internal static class CrossOrigin
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    private static readonly string[] Exposed = ["Mcp-Session-Id", "MCP-Protocol-Version", "WWW-Authenticate", "Retry-After", "Location", "ETag", "Content-Disposition"];

    private static readonly string[] Accepted =
    [
        "Authorization", "Content-Type", "Accept", "Last-Event-ID", "If-Match", "If-None-Match", "Idempotency-Key", "traceparent", "tracestate",
        "Mcp-Session-Id", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name",
    ];

    public static void AddCrossOrigin(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<CrossOriginOptions>()
            .Configure<IConfiguration>((options, configuration) => options.Origins = configuration[CrossOriginOptions.Key] ?? string.Empty)
            .ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CrossOriginOptions>, CrossOriginOptionsValidator>());
        builder.Services.AddCors();
        builder.Services.AddOptions<CorsOptions>().Configure<IOptions<CrossOriginOptions>>((cors, origins) => cors.AddDefaultPolicy(policy => policy
            .WithOrigins(origins.Value.Allowed)
            .WithMethods(Methods)
            .WithHeaders(Accepted)
            .WithExposedHeaders(Exposed)
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
    }

    /// <summary>The origins that may speak MCP from a browser: the platform's own, and those of <c>CORS_ORIGINS</c>.</summary>
    public static IReadOnlySet<string> Trusted(PlatformAuthenticationOptions platform, CrossOriginOptions options) =>
        options.Allowed.Append(new Uri(platform.Issuer).GetLeftPart(UriPartial.Authority)).ToHashSet(StringComparer.OrdinalIgnoreCase);
}
