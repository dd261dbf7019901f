using McpPlatform.Contracts.Identity;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace McpPlatform.AuthService.Authorization;

/// <summary>
/// What an OAuth client can ask for: the permissions of the catalogue by their names, and two words of OAuth itself. A token's permissions are those
/// that were granted and that the user holds; a scope never gives more than the user has.
/// </summary>
internal static class OAuthScopes
{
    /// <summary>For a client that asks for nothing: what an MCP client needs.</summary>
    private static readonly string[] Default = [Contracts.Identity.Permissions.McpServersRead, Contracts.Identity.Permissions.McpToolsCall, Scopes.OfflineAccess];

    public static IReadOnlyList<string> All { get; } = [Scopes.OpenId, .. Contracts.Identity.Permissions.Catalogue.Keys, Scopes.OfflineAccess];

    /// <summary>The scopes of a request, in the order of the catalogue.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyCollection<string> requested) =>
        [.. All.Where(scope => (requested.Count == 0 ? Default : requested).Contains(scope))];

    /// <summary>
    /// The same for a client at MCP endpoints: one that said at its registration that it refreshes can, though most do not know to ask for it. Where OpenID
    /// Connect is spoken, its rule holds that it must be asked for (Core section 11).
    /// </summary>
    public static IReadOnlyList<string> OfMcpClient(IReadOnlyCollection<string> requested) =>
        requested.Count == 0 || requested.Contains(Scopes.OpenId) ? Of(requested) : Of([.. requested, Scopes.OfflineAccess]);

    /// <summary>The permissions among them that a user holds.</summary>
    public static IReadOnlyList<string> Permitted(IEnumerable<string> scopes, IReadOnlyList<string> permissions) =>
        [.. scopes.Where(scope => permissions.Contains(scope, StringComparer.Ordinal))];

    /// <summary>The sentence that the consent page shows.</summary>
    public static string Describe(string scope) => scope switch
    {
        Scopes.OpenId => "Know who you are: your user id and your username.",
        Scopes.OfflineAccess => "Stay connected until you end it, also while you are away.",
        _ => Contracts.Identity.Permissions.Catalogue[scope],
    };

    public static bool IsPermission(string scope) => Contracts.Identity.Permissions.Catalogue.ContainsKey(scope);
}
