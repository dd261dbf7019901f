using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Servers;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Metadata;

/// <summary>
/// How a client learns where to log in for an MCP endpoint (RFC 9728); the 401 of <c>/mcp</c> leads here. Says the same of a bundle that does not exist:
/// which ones there are is nothing for strangers.
/// </summary>
internal static class ProtectedResourceApi
{
    private const string Path = "/.well-known/oauth-protected-resource";

    public static void MapProtectedResourceApi(this WebApplication app)
    {
        var metadata = app.MapGroup(Path).WithTags("MCP").AllowAnonymous();

        // For clients that ask without a path: there is one thing here that speaks MCP.
        metadata.MapGet("", GetEndpoint).WithName("ProtectedResource");
        metadata.MapGet("/mcp", GetEndpoint).WithName("ProtectedMcpEndpoint");
        metadata.MapGet("/mcp/{bundle}", GetBundle).WithName("ProtectedBundle");
    }

    private static Ok<ProtectedResource> GetEndpoint(HttpContext context, IOptions<PlatformAuthenticationOptions> platform) =>
        Answer(context, platform.Value, "mcp");

    private static Results<Ok<ProtectedResource>, NotFound> GetBundle(string bundle, HttpContext context, IOptions<PlatformAuthenticationOptions> platform) =>
        ServerNames.IsValid(bundle) ? Answer(context, platform.Value, "mcp/" + bundle) : TypedResults.NotFound();

    private static Ok<ProtectedResource> Answer(HttpContext context, PlatformAuthenticationOptions platform, string path)
    {
        context.Response.Headers.CacheControl = "public, max-age=300";
        return TypedResults.Ok(new ProtectedResource(
            platform.CanonicalIssuer + path, [platform.CanonicalIssuer], [Permissions.McpServersRead, Permissions.McpToolsCall], ["header"], "McpPlatform"));
    }
}

/// <summary>The metadata (RFC 9728 section 2). The scopes are those that the endpoint is of use with; AuthService knows more.</summary>
internal sealed record ProtectedResource(
    string Resource, IReadOnlyList<string> AuthorizationServers, IReadOnlyList<string> ScopesSupported, IReadOnlyList<string> BearerMethodsSupported, string ResourceName);
