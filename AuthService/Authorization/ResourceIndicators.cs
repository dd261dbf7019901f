using System.Text.RegularExpressions;
using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// What a token can be for (RFC 8707): the MCP endpoint, one bundle of it, or the platform's own API. Compared byte by byte, as the services compare <c>aud</c>.
/// </summary>
internal sealed partial class ResourceIndicators(IOptions<PlatformAuthenticationOptions> platform)
{
    public const string Api = "urn:mcpplatform:api";

    /// <summary>How many a request may name.</summary>
    public const int Most = 10;

    /// <summary>The MCP endpoint, the default.</summary>
    public string Mcp { get; } = platform.Value.CanonicalIssuer + "mcp";

    /// <summary>What is allowed, for error messages.</summary>
    public string Rule => $"The resource must be {Mcp}, {Mcp}/{{bundle}} or {Api}, at most {Most} of them.";

    public bool IsKnown(string resource) => resource is Api || resource == Mcp || BundleOf(resource) is not null;

    /// <summary>The resources of a request; the MCP endpoint where it names none.</summary>
    public IReadOnlyList<string> Of(IReadOnlyCollection<string> requested) =>
        requested.Count == 0 ? [Mcp] : [.. requested.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>The sentence that the consent page shows.</summary>
    public string Describe(string resource) => resource switch
    {
        Api => "McpPlatform's own API",
        _ when BundleOf(resource) is { } bundle => $"the tools of the bundle “{bundle}” ({resource})",
        _ => $"the MCP servers that you may use ({resource})",
    };

    private string? BundleOf(string resource) =>
        resource.StartsWith(Mcp + "/", StringComparison.Ordinal) && resource[(Mcp.Length + 1)..] is var bundle && BundleName().IsMatch(bundle) ? bundle : null;

    // As servers are called: lower-case letters, digits, single hyphens.
    [GeneratedRegex(@"\A(?=.{1,64}\z)[a-z0-9]+(-[a-z0-9]+)*\z")]
    private static partial Regex BundleName();
}
