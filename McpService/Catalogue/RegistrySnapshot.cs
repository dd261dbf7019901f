using System.Collections.Frozen;
using McpPlatform.McpService.Bundles;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Upstream;

namespace McpPlatform.McpService.Catalogue;

/// <summary>The enabled servers, their tools, and the bundles, as the database had them at one moment. Immutable: whoever answers a request uses one of them to the end.</summary>
internal sealed class RegistrySnapshot
{
    public RegistrySnapshot(long version, IReadOnlyList<RegisteredServer> servers, IReadOnlyList<Bundle> bundles)
    {
        Version = version;
        Servers = servers.ToFrozenDictionary(server => server.Upstream.Id);
        Everything = new EndpointScope(null, Prefixes.Always, [.. servers.OrderBy(server => server.Name, StringComparer.Ordinal).Select(server => new ScopeMember(server, null))]);
        Bundles = bundles.Where(bundle => bundle.Enabled).ToFrozenDictionary(bundle => bundle.Name, ToScope, StringComparer.Ordinal);
    }

    public static RegistrySnapshot Empty { get; } = new(-1, [], []);

    public long Version { get; }

    public FrozenDictionary<Guid, RegisteredServer> Servers { get; }

    /// <summary>What <c>/mcp</c> serves.</summary>
    public EndpointScope Everything { get; }

    /// <summary>What <c>/mcp/{bundle}</c> serves, by name.</summary>
    public FrozenDictionary<string, EndpointScope> Bundles { get; }

    /// <summary>A server by what stands in a route.</summary>
    public RegisteredServer? FindServer(string idOrName) => Guid.TryParse(idOrName, out var id)
        ? Servers.GetValueOrDefault(id)
        : Everything.Find(idOrName)?.Server;

    /// <summary>The scope of an endpoint; null when there is no such bundle.</summary>
    public EndpointScope? Find(string? bundle) => bundle is null ? Everything : Bundles.GetValueOrDefault(bundle);

    private EndpointScope ToScope(Bundle bundle) => new(
        bundle.Name,
        bundle.Prefix,
        [
            .. bundle.Members.OrderBy(member => member.Position)
                .Select(member => (Server: Servers.GetValueOrDefault(member.ServerId), member.Tools))
                .Where(member => member.Server is not null)
                .Select(member => new ScopeMember(member.Server!, member.Tools?.ToFrozenSet(StringComparer.Ordinal))),
        ]);
}

/// <summary>A server that can be called.</summary>
/// <param name="Upstream">How it is spoken to.</param>
/// <param name="Tools">The tools that may be listed and called, by the name that the server gives them.</param>
internal sealed record RegisteredServer(UpstreamServer Upstream, FrozenDictionary<string, CataloguedTool> Tools)
{
    public string Name => Upstream.Name;

    /// <summary>Tools that it has and that are neither listed nor called, because their definitions are not approved.</summary>
    public FrozenSet<string> Withheld { get; init; } = [];
}

/// <summary>A tool that may be listed and called.</summary>
/// <param name="Name">As its server gives it.</param>
/// <param name="Definition">As its server gave it, JSON.</param>
/// <param name="RequiresApproval">Whether a person has to approve each call.</param>
internal sealed record CataloguedTool(string Name, string Definition, bool RequiresApproval = false)
{
    /// <summary>Whether its schema wants arguments in headers; few do, and the others' need not be read for each call.</summary>
    public bool WantsHeaders { get; } = Definition.Contains(ParamHeaders.Keyword, StringComparison.Ordinal);
}
