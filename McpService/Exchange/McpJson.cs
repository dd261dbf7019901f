using System.Text.Json;

namespace McpPlatform.McpService.Exchange;

/// <summary>
/// The files in which MCP clients keep their servers: <c>mcpServers</c> (Claude Desktop, Claude Code, Cursor), <c>servers</c> (VS Code's <c>mcp.json</c>), <c>mcp.servers</c> (VS Code's
/// <c>settings.json</c>). People edit them by hand: comments and trailing commas are taken.
/// </summary>
internal static class McpJson
{
    public const int MaxEntries = 500, MaxName = 256;

    public static readonly string Sentence =
        $"The body must be an mcp.json: an object with \"mcpServers\" (Claude, Cursor) or \"servers\" (VS Code), in it at most {MaxEntries} servers by name, nested at most {Options.MaxDepth} levels deep.";

    private static JsonDocumentOptions Options => new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 16 };

    /// <summary>Reads what a file holds.</summary>
    /// <returns>Its entries in their order, or null for what is no such file.</returns>
    public static async Task<IReadOnlyList<McpJsonEntry>?> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(body, Options, cancellationToken);
            var maps = Maps(document.RootElement).ToList();
            return maps.Count == 0 || maps.Exists(map => map.ValueKind != JsonValueKind.Object) || maps.Sum(map => map.GetPropertyCount()) > MaxEntries
                ? null : [.. maps.SelectMany(map => map.EnumerateObject()).Select(Read)];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<JsonElement> Maps(JsonElement root) =>
        root.ValueKind != JsonValueKind.Object ? []
            : root.EnumerateObject().SelectMany(member =>
                member.NameEquals("mcpServers") || member.NameEquals("servers") ? [member.Value]
                : member.NameEquals("mcp") && member.Value.ValueKind == JsonValueKind.Object ? Maps(member.Value)
                : Enumerable.Empty<JsonElement>());

    private static McpJsonEntry Read(JsonProperty entry)
    {
        string name;
        try
        {
            name = entry.Name;
        }
        catch (InvalidOperationException)
        {
            name = "\uFFFD";
        }

        if (name.Length > MaxName || name is "\uFFFD" || name.Contains('\0', StringComparison.Ordinal) || string.IsNullOrWhiteSpace(name))
        {
            return McpJsonEntry.Refused(name[..Math.Min(name.Length, 64)], $"The name must be a text of 1 to {MaxName} characters, without U+0000.");
        }

        return entry.Value.ValueKind != JsonValueKind.Object ? McpJsonEntry.Refused(name, "The entry must be an object.")
            : !EntryMembers.IsReadable(entry.Value) ? McpJsonEntry.Refused(name, "Text must not contain the character U+0000, or halves of characters.")
            : McpJsonEntry.Read(name, entry.Value);
    }
}
