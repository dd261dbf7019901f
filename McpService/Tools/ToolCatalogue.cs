using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Upstream;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tools;

/// <summary>The tools of a server: asked of it, and kept in <c>mcp_tools</c> with their hashes.</summary>
internal sealed partial class ToolCatalogue(McpDbContext db, UpstreamSessions sessions, TimeProvider time, ILogger<ToolCatalogue> logger)
{
    private const int MaxPages = 100, MaxTools = 10_000, MaxCharacters = 16 * 1024 * 1024;

    /// <summary>Whether the server listed the tool when it was last asked.</summary>
    public Task<bool> KnowsAsync(Guid serverId, string tool, CancellationToken cancellationToken) =>
        db.Tools.AnyAsync(x => x.ServerId == serverId && x.Name == tool && x.RemovedAt == null, cancellationToken);

    /// <summary>Asks the server for all its tools, page after page, and notes them.</summary>
    /// <returns>The definitions as the server gave them, in its order.</returns>
    /// <exception cref="UpstreamException">It gave no usable answer.</exception>
    /// <exception cref="UpstreamErrorException">It answered with an error.</exception>
    public async Task<IReadOnlyList<JsonElement>> RefreshAsync(UpstreamServer server, CancellationToken cancellationToken)
    {
        var tools = new Dictionary<string, ListedTool>(StringComparer.Ordinal);
        string? cursor = null;
        var (characters, cursors) = (0L, new HashSet<string>(StringComparer.Ordinal));
        do
        {
            var (position, result) = (cursor, default(JsonObject));
            result = await sessions.RequestAsync(server, "tools/list", () => position is null ? [] : new JsonObject { ["cursor"] = position }, cancellationToken);
            foreach (var tool in Read(server, result["tools"] as JsonArray ?? throw new UpstreamException(UpstreamFailure.BadAnswer, "answered to tools/list without a list of tools")))
            {
                characters += tool.Text.Length;
                if (!tools.TryAdd(tool.Name, tool))
                {
                    LogToolTwice(server.Name, tool.Name);
                }
            }

            cursor = result["nextCursor"] is JsonValue next && next.TryGetValue(out string? text) ? text : null;
            if (cursor is not null && (!cursors.Add(cursor) || cursors.Count >= MaxPages) || tools.Count > MaxTools || characters > MaxCharacters)
            {
                throw new UpstreamException(UpstreamFailure.TooLarge, $"lists more tools than are accepted, which is {MaxTools} on {MaxPages} pages");
            }
        }
        while (cursor is not null);

        await SaveAsync(server.Id, [.. tools.Values.OrderBy(tool => tool.Name, StringComparer.Ordinal)], cancellationToken);
        return [.. tools.Values.Select(tool => tool.Definition)];
    }

    /// <summary>Keeps what a server listed just now for somebody.</summary>
    public Task RecordAsync(UpstreamServer server, IReadOnlyList<JsonObject> definitions, CancellationToken cancellationToken)
    {
        var tools = new Dictionary<string, ListedTool>(StringComparer.Ordinal);
        foreach (var tool in Read(server, definitions))
        {
            tools.TryAdd(tool.Name, tool);
        }

        return SaveAsync(server.Id, [.. tools.Values.OrderBy(tool => tool.Name, StringComparer.Ordinal)], cancellationToken);
    }

    private IEnumerable<ListedTool> Read(UpstreamServer server, IEnumerable<JsonNode?> definitions)
    {
        foreach (var definition in definitions)
        {
            // One tool that is broken does not hide the others.
            if (ListedTool.TryRead(definition, out var tool))
            {
                yield return tool;
            }
            else
            {
                LogToolBroken(server.Name);
            }
        }
    }

    // Rows in the order of their names, so that replicas that do this at once do not lock each other out; and written only where something is new.
    private async Task SaveAsync(Guid serverId, ListedTool[] tools, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        string[] names = [.. tools.Select(tool => tool.Name)], texts = [.. tools.Select(tool => tool.Text)], hashes = [.. tools.Select(tool => tool.Hash)];
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO mcp.mcp_tools AS known (server_id, name, definition, definition_hash, first_seen_at, last_seen_at)
            SELECT server.id, listed.name, listed.definition::json, listed.hash, {now}, {now}
            FROM unnest({names}, {texts}, {hashes}) WITH ORDINALITY AS listed(name, definition, hash, position)
            JOIN (SELECT id FROM mcp.mcp_servers WHERE id = {serverId} FOR KEY SHARE) AS server ON true
            ORDER BY listed.position
            ON CONFLICT (server_id, name) DO UPDATE
            SET definition = excluded.definition, definition_hash = excluded.definition_hash,
                last_seen_at = GREATEST(known.last_seen_at, excluded.last_seen_at), removed_at = NULL
            WHERE known.definition_hash <> excluded.definition_hash OR known.removed_at IS NOT NULL
                OR known.last_seen_at < excluded.last_seen_at - interval '5 minutes'
            """,
            cancellationToken);
        await db.Tools.Where(tool => tool.ServerId == serverId && tool.RemovedAt == null && !names.Contains(tool.Name))
            .ExecuteUpdateAsync(set => set.SetProperty(tool => tool.RemovedAt, now), cancellationToken);
    }

    [LoggerMessage(1010, LogLevel.Warning, "{Server} lists the tool {Tool} twice; the first one counts")]
    private partial void LogToolTwice(string server, string tool);

    [LoggerMessage(1011, LogLevel.Warning, "{Server} lists a tool that cannot be read: it is no JSON object with a name of 1 to 256 characters without control characters, or holds broken text")]
    private partial void LogToolBroken(string server);
}

/// <summary>A tool in an answer to tools/list.</summary>
internal sealed record ListedTool(string Name, JsonElement Definition, string Text, string Hash)
{
    public static bool TryRead(JsonNode? node, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ListedTool? tool)
    {
        tool = null;
        try
        {
            var definition = node.Deserialize<JsonElement>();
            if (definition.ValueKind != JsonValueKind.Object || !definition.TryGetProperty("name", out var property) || property.ValueKind != JsonValueKind.String)
            {
                return false;
            }

            var name = property.GetString()!;
            if (name.Length is 0 or > Tool.MaxNameLength || name.Any(char.IsControl))
            {
                return false;
            }

            tool = new(name, definition, definition.GetRawText(), CanonicalJson.Hash(definition));
            return true;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or JsonException)
        {
            // Text that is not Unicode, or a key that stands twice.
            return false;
        }
    }
}
