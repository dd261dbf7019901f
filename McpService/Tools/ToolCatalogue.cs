using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Definitions;
using McpPlatform.McpService.Telemetry;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Messaging;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tools;

/// <summary>The tools of a server: asked of it, held against what was approved, and kept in <c>mcp_tools</c>.</summary>
internal sealed partial class ToolCatalogue(McpDbContext db, UpstreamSessions sessions, ActivityLog activities, McpTelemetry telemetry, TimeProvider time, ILogger<ToolCatalogue> logger)
{
    private const int MaxPages = 100, MaxTools = 10_000, MaxCharacters = 16 * 1024 * 1024;
    private static readonly TimeSpan SeenAgain = TimeSpan.FromMinutes(5);

    /// <summary>Whether the server listed the tool when it was last asked.</summary>
    public Task<bool> KnowsAsync(Guid serverId, string tool, CancellationToken cancellationToken) =>
        db.Tools.AnyAsync(x => x.ServerId == serverId && x.Name == tool && x.RemovedAt == null, cancellationToken);

    /// <summary>Asks the server for all its tools, page after page, and notes them.</summary>
    /// <returns>The definitions that are approved, as the server gave them, in its order; and how many it listed in all.</returns>
    /// <exception cref="UpstreamException">It gave no usable answer.</exception>
    /// <exception cref="UpstreamErrorException">It answered with an error.</exception>
    public async Task<(IReadOnlyList<ApprovedTool> Approved, int Listed)> RefreshAsync(UpstreamServer server, SessionOwner owner, CancellationToken cancellationToken)
    {
        var (tools, asked) = (new Dictionary<string, ListedTool>(StringComparer.Ordinal), time.GetUtcNow());
        string? cursor = null;
        var (characters, cursors) = (0L, new HashSet<string>(StringComparer.Ordinal));
        do
        {
            var (position, result) = (cursor, default(JsonObject));
            result = await sessions.RequestAsync(server, owner, "tools/list", () => position is null ? [] : new JsonObject { ["cursor"] = position }, cancellationToken);
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

        await SaveAsync(server, [.. tools.Values.OrderBy(tool => tool.Name, StringComparer.Ordinal)], asked, cancellationToken);
        var approved = await db.Tools.Where(tool => tool.ServerId == server.Id && tool.RemovedAt == null && tool.State == DefinitionStates.Approved)
            .Select(tool => new { tool.Name, tool.DefinitionHash, tool.Tokens }).ToDictionaryAsync(tool => tool.Name, cancellationToken);
        return ([.. tools.Values.Where(tool => approved.GetValueOrDefault(tool.Name)?.DefinitionHash == tool.Hash).Select(tool => new ApprovedTool(tool.Name, tool.Definition, approved[tool.Name].Tokens))], tools.Count);
    }

    /// <summary>Keeps what a server listed just now for somebody.</summary>
    /// <param name="server">The server.</param>
    /// <param name="definitions">Its tools.</param>
    /// <param name="asked">When it was asked.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task RecordAsync(UpstreamServer server, IReadOnlyList<JsonObject> definitions, DateTimeOffset asked, CancellationToken cancellationToken)
    {
        var tools = new Dictionary<string, ListedTool>(StringComparer.Ordinal);
        foreach (var tool in Read(server, definitions))
        {
            tools.TryAdd(tool.Name, tool);
        }

        return SaveAsync(server, [.. tools.Values.OrderBy(tool => tool.Name, StringComparer.Ordinal)], asked, cancellationToken);
    }

    /// <summary>Keeps others from changing a server's tools until the transaction ends.</summary>
    public static Task LockAsync(McpDbContext db, Guid serverId, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({$"mcp.tools.{serverId}"}, 0))", cancellationToken);

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

    private async Task SaveAsync(UpstreamServer server, ListedTool[] tools, DateTimeOffset asked, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (!await IsNewsAsync(server.Id, tools, now, cancellationToken))
        {
            return;
        }

        // Replicas that do this at once take turns, so that each change is found, and put on record, once.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await LockAsync(db, server.Id, cancellationToken);
        var modes = await db.Database.SqlQuery<string>(
            $"""
            UPDATE mcp.mcp_servers SET tools_listed_at = {asked} WHERE id = {server.Id} AND (tools_listed_at IS NULL OR tools_listed_at <= {asked}) RETURNING definition_lock AS "Value"
            """).ToListAsync(cancellationToken);
        if (modes is not [var mode])
        {
            // It was removed meanwhile, or a list is on record that was asked for later.
            return;
        }

        var known = await db.Tools.AsTracking().Where(tool => tool.ServerId == server.Id).ToDictionaryAsync(tool => tool.Name, StringComparer.Ordinal, cancellationToken);
        foreach (var listed in tools)
        {
            Note(server, listed, known.GetValueOrDefault(listed.Name), mode, now);
        }

        var names = tools.Select(tool => tool.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var tool in known.Values.Where(tool => tool.RemovedAt is null && !names.Contains(tool.Name)))
        {
            tool.Remove(now);
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<bool> IsNewsAsync(Guid serverId, ListedTool[] tools, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var known = await db.Tools.Where(tool => tool.ServerId == serverId && tool.RemovedAt == null)
            .Select(tool => new { tool.Name, tool.DefinitionHash, tool.LockHash, tool.LastSeenAt, tool.State, Mode = db.Servers.Where(server => server.Id == serverId).Select(server => server.DefinitionLock).First() })
            .ToDictionaryAsync(tool => tool.Name, StringComparer.Ordinal, cancellationToken);
        return known.Count != tools.Length || tools.Any(listed => known.GetValueOrDefault(listed.Name) is not { } tool || tool.DefinitionHash != listed.Hash
            || tool.LockHash != listed.LockHash || tool.LastSeenAt < now - SeenAgain || (tool.Mode == DefinitionLock.Off && tool.State != DefinitionStates.Approved));
    }

    private void Note(UpstreamServer server, ListedTool listed, Tool? tool, string mode, DateTimeOffset now)
    {
        var (before, hash) = (tool?.State, tool?.LockHash);
        if (tool is null)
        {
            tool = Tool.First(server.Id, listed, mode, now);
            db.Add(tool);
        }
        else
        {
            tool.Listed(listed, mode, now);
        }

        if (tool.State == DefinitionStates.Quarantined && (before != tool.State || hash != tool.LockHash))
        {
            // The platform's doing, whoever's list it was.
            db.AddToOutbox(activities.Create(
                "mcp.definitions.quarantine", ActivityOutcomes.Succeeded, "tool", $"{server.Name}/{Targets.Of(listed.Name)}",
                before is null ? null : new { State = before, DefinitionHash = hash },
                new { tool.State, DefinitionHash = tool.LockHash, Findings = DefinitionLint.Check(listed.Definition).Select(finding => finding.Code).Distinct() })
                with { UserId = null, Username = null, ClientIp = null });
            telemetry.Quarantined(server);
            LogQuarantined(server.Name, listed.Name);
        }
    }

    [LoggerMessage(1010, LogLevel.Warning, "{Server} lists the tool {Tool} twice; the first one counts")]
    private partial void LogToolTwice(string server, string tool);

    [LoggerMessage(1011, LogLevel.Warning, "{Server} lists a tool that cannot be read: it is no JSON object with a name of 1 to 256 characters without control characters, or holds broken text")]
    private partial void LogToolBroken(string server);

    [LoggerMessage(1012, LogLevel.Warning, "{Server} defines the tool {Tool} differently from what was approved; it is neither listed nor called until somebody approves it")]
    private partial void LogQuarantined(string server, string tool);
}

/// <summary>A tool that may be listed.</summary>
internal sealed record ApprovedTool(string Name, JsonElement Definition, int? Tokens);

/// <summary>A tool in an answer to tools/list.</summary>
internal sealed record ListedTool(string Name, JsonElement Definition, string Text, string Hash, string LockHash)
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

            tool = new(name, definition, definition.GetRawText(), CanonicalJson.Hash(definition), Definitions.DefinitionHash.Of(definition));
            return true;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or JsonException)
        {
            // Text that is not Unicode, or a key that stands twice.
            return false;
        }
    }
}
