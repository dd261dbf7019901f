using System.Text.Json;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Access;
using McpPlatform.McpService.Data;
using McpPlatform.McpService.Definitions;
using McpPlatform.ServiceDefaults.Authorization;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.McpService.Tools;

/// <summary>A tool that was found.</summary>
/// <param name="Server">The name of its server.</param>
/// <param name="Tool">Its definition, as the server gave it when it was last asked.</param>
/// <param name="Tokens">What that costs of a model's context, in tokens of o200k_base; null when it was not counted yet.</param>
internal sealed record FoundToolResponse(string Server, JsonElement Tool, int? Tokens);

internal static class SearchTools
{
    private const int MaxSearch = 100;

    private sealed record Key(Guid ServerId, string Server, string Tool)
    {
        // A server's name holds no slash.
        public string Position => $"{Server}/{Tool}";
    }

    /// <summary>The tools that the caller may call, of all enabled servers, by the names of server and tool. From the catalogue: no server is asked.</summary>
    public static async Task<Results<Ok<Page<FoundToolResponse>>, ValidationProblem>> HandleAsync(
        McpDbContext db, AccessDecider access, CancellationToken cancellationToken, string? search = null, int limit = Cursor.DefaultLimit, string? cursor = null)
    {
        if (limit is < 1 or > Cursor.MaxLimit)
        {
            return ProblemExtensions.Invalid("limit", $"The limit must be 1 to {Cursor.MaxLimit}.");
        }

        if (search is not null && (search.Length > MaxSearch || search.Any(char.IsControl)))
        {
            return ProblemExtensions.Invalid("search", $"The search must be at most {MaxSearch} characters, none of them a control character.");
        }

        if (!Cursor.TryDecode(cursor, out var after) || after?.Contains('/', StringComparison.Ordinal) == false)
        {
            return ProblemExtensions.Invalid("cursor", "The cursor must be one that this list gave as next_cursor.");
        }

        var page = await VisiblePage.ReadAsync(
            limit,
            after,
            (position, count) => ReadKeysAsync(db, search, position, count, cancellationToken),
            key => key.Position,
            key => access.Decide(Permissions.McpToolsCall, AccessResource.Tool(key.Server, key.Tool)).Allowed);
        return TypedResults.Ok(new Page<FoundToolResponse>(await DefineAsync(db, page.Items, cancellationToken), page.NextCursor));
    }

    // Without the definitions, which are large: most of them may be of tools that are hidden.
    private static Task<List<Key>> ReadKeysAsync(McpDbContext db, string? search, string? after, int count, CancellationToken cancellationToken)
    {
        var tools =
            from tool in db.Tools
            join server in db.Servers on tool.ServerId equals server.Id
            where tool.RemovedAt == null && tool.State == DefinitionStates.Approved && server.Enabled
            select new { server.Id, Server = server.Name, Tool = tool.Name };
        if (!string.IsNullOrEmpty(search))
        {
            var words = $"%{search.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
            tools = tools.Where(item => EF.Functions.ILike(item.Tool, words, "\\") || EF.Functions.ILike(item.Server, words, "\\"));
        }

        if (after?.Split('/', 2) is [var lastServer, var lastTool])
        {
            tools = tools.Where(item => item.Server.CompareTo(lastServer) > 0 || (item.Server == lastServer && item.Tool.CompareTo(lastTool) > 0));
        }

        return tools.OrderBy(item => item.Server).ThenBy(item => item.Tool).Take(count)
            .Select(item => new Key(item.Id, item.Server, item.Tool)).ToListAsync(cancellationToken);
    }

    private static async Task<List<FoundToolResponse>> DefineAsync(McpDbContext db, IReadOnlyList<Key> keys, CancellationToken cancellationToken)
    {
        var (servers, names) = (keys.Select(key => key.ServerId).Distinct().ToList(), keys.Select(key => key.Tool).Distinct().ToList());
        var definitions = await db.Tools.AsNoTracking().Where(tool => servers.Contains(tool.ServerId) && names.Contains(tool.Name))
            .ToDictionaryAsync(tool => (tool.ServerId, tool.Name), tool => (tool.Definition, tool.Tokens), cancellationToken);
        return
        [
            .. keys.Where(key => definitions.ContainsKey((key.ServerId, key.Tool)))
                .Select(key => new FoundToolResponse(key.Server, JsonElement.Parse(definitions[(key.ServerId, key.Tool)].Definition), definitions[(key.ServerId, key.Tool)].Tokens)),
        ];
    }
}
