using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.Extensions.Options;
using Scalar.AspNetCore;

namespace McpPlatform.Gateway.Edge;

/// <summary>The headers of every answer (ASVS 3.4). What a service says itself of policy and caching stands: only it knows its pages.</summary>
internal sealed class SecurityHeaders(RequestDelegate next, IOptions<PlatformAuthenticationOptions> platform)
{
    private const string Nothing = "default-src 'none'; frame-ancestors 'none'";
    private readonly bool secure = platform.Value.Issuer.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(
            static state =>
            {
                var (self, context) = ((SecurityHeaders, HttpContext))state;
                self.Set(context);
                return Task.CompletedTask;
            },
            (this, context));
        return next(context);
    }

    private void Set(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.Remove("Server");
        headers.Remove("X-Powered-By");
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (headers.ContentSecurityPolicy.Count == 0)
        {
            headers.ContentSecurityPolicy = context.Items[ScalarOptions.NonceHttpContextItemKey] is string nonce ? ForPage(nonce) : Nothing;
        }

        if (headers.CacheControl.Count == 0)
        {
            headers.CacheControl = "no-store";
        }

        // The connection that ends here may be plain: TLS ends in front of us, and the public address says so.
        if (secure)
        {
            headers.StrictTransportSecurity = "max-age=31536000";
        }
    }

    // The documentation page writes its own styles; scripts are the page's own and nobody else's.
    private static string ForPage(string nonce) =>
        $"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}
