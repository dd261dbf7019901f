using McpPlatform.McpService.Servers;

namespace McpPlatform.McpService.Bundles;

/// <summary>A virtual MCP server.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its unique name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Endpoint">Its path at the Gateway, where it speaks MCP.</param>
/// <param name="Prefix">When a tool's name begins with its server's: <c>always</c>, <c>on_conflict</c> or <c>never</c>.</param>
/// <param name="Enabled">Whether it can be used.</param>
/// <param name="TokenLimit">What its tools may cost of a model's context, in tokens of o200k_base; null for no limit.</param>
/// <param name="Servers">What is in it, in order: of two things with one name the first counts. Servers that the caller may not see are left out.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="UpdatedAt">When somebody last changed it.</param>
internal sealed record BundleResponse(
    Guid Id, string Name, string? Description, string Endpoint, string Prefix, bool Enabled, int? TokenLimit, IReadOnlyList<BundleServer> Servers,
    Guid? CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static BundleResponse For(Bundle bundle, IReadOnlyDictionary<Guid, string> visible) => new(
        bundle.Id, bundle.Name, bundle.Description, $"/mcp/{bundle.Name}", bundle.Prefix, bundle.Enabled, bundle.TokenLimit,
        [.. bundle.Members.OrderBy(member => member.Position).Where(member => visible.ContainsKey(member.ServerId)).Select(member => new BundleServer(visible[member.ServerId], member.Tools))],
        bundle.CreatedBy, bundle.CreatedAt, bundle.UpdatedAt);
}

/// <summary>A server in a bundle.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Tools">The chosen tools, as the server names them; null for everything that it has, prompts and resources included.</param>
internal sealed record BundleServer(string Name, IReadOnlyList<string>? Tools = null);

/// <summary>What the audit trail keeps of a bundle.</summary>
internal sealed record BundleValues(string Name, string? Description, string Prefix, bool Enabled, int? TokenLimit, IReadOnlyList<BundleServer> Servers)
{
    public static BundleValues Of(Bundle bundle, IReadOnlyDictionary<Guid, string> names) => new(
        bundle.Name, bundle.Description, bundle.Prefix, bundle.Enabled, bundle.TokenLimit,
        [.. bundle.Members.OrderBy(member => member.Position).Select(member => new BundleServer(names.GetValueOrDefault(member.ServerId, member.ServerId.ToString()), member.Tools))]);
}

/// <summary>What a request says is in a bundle.</summary>
internal static class BundleMembers
{
    public const int MaxServers = 100, MaxTools = 1_000;

    /// <summary>What is wrong with the list itself; null when nothing is.</summary>
    public static string? FindMistake(IReadOnlyList<BundleServerRequest?> servers)
    {
        if (servers.Count > MaxServers)
        {
            return $"A bundle has at most {MaxServers} servers.";
        }

        foreach (var server in servers)
        {
            if (string.IsNullOrWhiteSpace(server?.Name) || server.Name.Length > ServerNames.MaxLength)
            {
                return "Each of the servers must have a name, which is the name or the id of a registered MCP server.";
            }

            if (server.Tools is { } tools && (tools.Count > MaxTools || tools.Any(tool => tool is null || tool.Length is 0 or > McpService.Tools.Tool.MaxNameLength || !IsText(tool))))
            {
                return $"The tools of a server must be at most {MaxTools} names of 1 to {McpService.Tools.Tool.MaxNameLength} characters, without control characters.";
            }
        }

        return null;
    }

    // A lone surrogate is no text: it could be neither stored nor sent.
    private static bool IsText(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (char.IsControl(text[index]) || char.IsLowSurrogate(text[index]) || (char.IsHighSurrogate(text[index]) && (++index == text.Length || !char.IsLowSurrogate(text[index]))))
            {
                return false;
            }
        }

        return true;
    }
}
