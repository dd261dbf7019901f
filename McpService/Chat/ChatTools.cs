using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using Microsoft.Extensions.AI;

namespace McpPlatform.McpService.Chat;

/// <summary>
/// The tools that a model is offered, under names that model APIs take: at most 64 of <c>a-z A-Z 0-9 _ -</c>. What a name means is looked up, never taken apart.
/// </summary>
internal sealed class ChatTools
{
    /// <summary>What model APIs take.</summary>
    public const int Most = 128;

    private const int MaxName = 64, MaxDescription = 1024, HashLength = 8;
    private readonly Dictionary<string, ServerItem> items = new(StringComparer.Ordinal);
    private readonly List<AITool> declarations = [];

    private ChatTools()
    {
    }

    public IList<AITool> Declarations => declarations;

    public ServerItem? Find(string name) => items.GetValueOrDefault(name);

    /// <summary>What the caller may call, in an order that is the same every time.</summary>
    /// <param name="scope">Everything that is registered.</param>
    /// <param name="access">What the caller may do.</param>
    /// <param name="servers">The names of the servers to use; null for all.</param>
    public static ChatTools Of(EndpointScope scope, CallerAccess access, IReadOnlySet<string>? servers)
    {
        var tools = new ChatTools();
        var offered =
            from member in scope.Members
            where servers?.Contains(member.Server.Name) ?? true
            from tool in member.Server.Tools.Values
            where access.Decide(Permissions.McpToolsCall, AccessResource.Tool(member.Server.Name, tool.Name)).Allowed
            let item = new ServerItem(member.Server.Name, tool.Name)
            let exposed = scope.ToolNames.Of(item)
            where exposed is not null
            orderby exposed
            select (item, exposed, tool);
        foreach (var (item, exposed, tool) in offered.ToList())
        {
            tools.Add(item, exposed, tool);
        }

        return tools;
    }

    private void Add(ServerItem item, string exposed, CataloguedTool tool)
    {
        var name = new string([.. exposed.Select(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' ? character : '_')]);
        if (!items.TryAdd(name, item))
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{item.Server}\0{item.Name}")))[..HashLength];
            name = $"{name[..Math.Min(name.Length, MaxName - HashLength - 1)]}_{hash}";
            if (!items.TryAdd(name, item))
            {
                return;
            }
        }

        using var definition = JsonDocument.Parse(tool.Definition);
        var description = definition.RootElement.TryGetProperty("description", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : string.Empty;
        var schema = definition.RootElement.TryGetProperty("inputSchema", out var found) && found.ValueKind == JsonValueKind.Object ? found.Clone() : JsonElement.Parse("""{"type":"object"}""");
        declarations.Add(AIFunctionFactory.CreateDeclaration(name, description.Length <= MaxDescription ? description : description[..MaxDescription], schema));
    }
}
