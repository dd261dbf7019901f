using McpPlatform.Contracts.Identity;
using McpPlatform.Gateway.Telemetry;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.Extensions.Options;

namespace McpPlatform.Gateway.Edge;

/// <summary>
/// Two duties of an MCP endpoint (Streamable HTTP, "Security Warning"; RFC 9728 section 5.1), on every method and path below <c>/mcp</c>: refuse a foreign
/// <c>Origin</c>, which is how a web page rebinds DNS to a local server; and tell with a 401 where the resource's metadata is, from which a client learns to log in, and
/// which scope it needs (RFC 6750 section 3).
/// </summary>
internal sealed class McpEndpointGuard(
    RequestDelegate next, IOptions<PlatformAuthenticationOptions> platform, IOptions<CrossOriginOptions> origins, GatewayTelemetry telemetry)
{
    private readonly IReadOnlySet<string> trusted = CrossOrigin.Trusted(platform.Value, origins.Value);
    private readonly string metadata = new Uri(new Uri(platform.Value.CanonicalIssuer), "/.well-known/oauth-protected-resource").AbsoluteUri;

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!request.Path.StartsWithSegments("/mcp", StringComparison.OrdinalIgnoreCase))
        {
            return next(context);
        }

        if (request.Headers.Origin is { Count: > 0 } origin && !trusted.Contains(origin.ToString()))
        {
            telemetry.CountRefused("origin");
            return ProblemExtensions.Problem(StatusCodes.Status403Forbidden, $"This origin may not speak MCP here: an operator can allow it with {CrossOriginOptions.Key}.")
                .ExecuteAsync(context);
        }

        context.Response.OnStarting(() =>
        {
            NameMetadata(context);
            return Task.CompletedTask;
        });
        return next(context);
    }

    private void NameMetadata(HttpContext context)
    {
        var challenge = context.Response.Headers.WWWAuthenticate.ToString();
        if (context.Response.StatusCode == StatusCodes.Status401Unauthorized && !challenge.Contains("resource_metadata", StringComparison.Ordinal))
        {
            var separator = challenge is "" or "Bearer" ? " " : ", ";
            var scheme = challenge.Length == 0 ? "Bearer" : challenge;
            context.Response.Headers.WWWAuthenticate = $"{scheme}{separator}resource_metadata=\"{metadata}{context.Request.Path.ToUriComponent().TrimEnd('/')}\", scope=\"{Permissions.McpToolsCall}\"";
        }
    }
}
