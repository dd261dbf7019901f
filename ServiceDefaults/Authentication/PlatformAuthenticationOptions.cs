using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>Whose tokens a service accepts.</summary>
public sealed class PlatformAuthenticationOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "Authentication";

    /// <summary>The token's <c>iss</c>: the platform's public address, http or https. Required.</summary>
    public string Issuer { get; set; } = string.Empty;

    /// <summary>The token's <c>aud</c> for everything but the MCP endpoints (RFC 9068 section 4).</summary>
    public string Audience { get; set; } = "urn:mcpplatform:api";

    /// <summary>Where the service fetches AuthService's public keys, by an address inside the platform.</summary>
    public string JwksAddress { get; set; } = "http://authservice/.well-known/jwks.json";

    /// <summary><see cref="Issuer"/> in the one form that is compared byte by byte (with a slash after the host).</summary>
    public string CanonicalIssuer => new Uri(Issuer).AbsoluteUri;

    /// <summary>The token's <c>aud</c> for every MCP endpoint; <c>{this}/{bundle}</c> is one for that bundle alone.</summary>
    public string McpAudience => CanonicalIssuer + "mcp";

    /// <summary>Whether an audience is one of the platform's.</summary>
    internal bool IsAudience(string audience) =>
        audience == Audience || (audience.StartsWith(McpAudience, StringComparison.Ordinal) && (audience.Length == McpAudience.Length || audience[McpAudience.Length] == '/'));

    /// <summary>Whether a token for these audiences may be used on a path.</summary>
    internal bool Accepts(IEnumerable<string> audiences, PathString path) => path.StartsWithSegments("/mcp", StringComparison.OrdinalIgnoreCase, out var rest)
        ? audiences.Any(audience => audience == McpAudience || audience == McpAudience + rest.Value?.TrimEnd('/'))
        : audiences.Contains(Audience, StringComparer.Ordinal);
}

internal sealed class PlatformAuthenticationOptionsValidator : IValidateOptions<PlatformAuthenticationOptions>
{
    public ValidateOptionsResult Validate(string? name, PlatformAuthenticationOptions options)
    {
        List<string> failures = [];
        if (!IsHttp(options.Issuer))
        {
            failures.Add($"Authentication__Issuer is '{options.Issuer}', but must be the platform's public address, such as https://mcp.example.com.");
        }

        if (string.IsNullOrWhiteSpace(options.Audience))
        {
            failures.Add("Authentication__Audience is empty, but must be the audience that tokens for this service carry.");
        }

        if (!IsHttp(options.JwksAddress))
        {
            failures.Add($"Authentication__JwksAddress is '{options.JwksAddress}', but must be the http or https address of AuthService's keys.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static bool IsHttp(string value) => Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
}
