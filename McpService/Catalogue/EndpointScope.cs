using System.Collections.Frozen;
using McpPlatform.McpService.Bundles;

namespace McpPlatform.McpService.Catalogue;

/// <summary>What one MCP endpoint serves: <c>/mcp</c> everything, <c>/mcp/{bundle}</c> what the bundle has.</summary>
/// <param name="Bundle">The bundle's name; null for everything.</param>
/// <param name="Prefix">One of <see cref="Prefixes"/>.</param>
/// <param name="Members">Its servers, in order: of two things with one name the first counts.</param>
internal sealed record EndpointScope(string? Bundle, string Prefix, IReadOnlyList<ScopeMember> Members)
{
    private readonly Lazy<ExposedNames> toolNames = new(() => ExposedNames.Of(
        Prefix, Members.SelectMany(member => member.Server.Tools.Keys.Concat(member.Server.Withheld).Where(member.Has).Select(tool => new ServerItem(member.Server.Name, tool)))));

    private readonly Lazy<FrozenDictionary<string, ScopeMember>> byName = new(() => Members.ToFrozenDictionary(member => member.Server.Name, StringComparer.Ordinal));

    /// <summary>How its tools are called. The same for every caller: what one may not use does not change what another's is called, nor does what waits for approval.</summary>
    public ExposedNames ToolNames => toolNames.Value;

    /// <summary>Whether a URI carries its server's name.</summary>
    public bool MarksUris => Prefix == Prefixes.Always || (Prefix == Prefixes.OnConflict && Members.Count > 1);

    public ScopeMember? Find(string server) => byName.Value.GetValueOrDefault(server);
}

/// <summary>A server in a scope.</summary>
/// <param name="Server">The server.</param>
/// <param name="Tools">The chosen tools; null for everything that it has. Who chose tools chose no prompts and resources.</param>
internal sealed record ScopeMember(RegisteredServer Server, FrozenSet<string>? Tools)
{
    public bool Has(string tool) => Tools?.Contains(tool) ?? true;
}

/// <summary>A tool or prompt, by its server's name and its own.</summary>
internal sealed record ServerItem(string Server, string Name);
