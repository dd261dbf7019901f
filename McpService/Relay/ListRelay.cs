using System.Text;
using System.Text.Json.Nodes;
using McpPlatform.Contracts.Access;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Tools;
using McpPlatform.McpService.Upstream;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// Lists of many servers' things as one. Each server has its deadline; the lists of those that keep it are the answer, and the others are named in its
/// <c>_meta</c>, so that nothing is missing in silence. The order is the same every time.
/// </summary>
internal sealed class ListRelay(Registry registry, UpstreamLists lists, IServiceScopeFactory scopes, TimeProvider time)
{
    /// <summary>In <c>_meta</c>: the servers whose things are not in the list, and why.</summary>
    public const string Missing = "mcpplatform/missing";

    /// <summary>In <c>_meta</c>: tools that the caller may use and that wait for approval.</summary>
    public const string Withheld = "mcpplatform/withheld";

    /// <summary>In a tool's <c>_meta</c>: why it cannot be called until somebody stores a credential.</summary>
    public const string NeedsLogin = "mcpplatform/needs_login";

    private const int PageSize = 1_000;

    public async Task<RelayAnswer> ListAsync(RelayCall call, ListKind kind, CancellationToken cancellationToken)
    {
        if (!ListCursor.TryRead(call.Parameters["cursor"], out var after))
        {
            return RelayAnswer.Fail(RelayError.InvalidParams, "The cursor is not one that this list gave as nextCursor.");
        }

        var access = call.Caller.Access();
        var members = call.Scope.Members.Where(member => member.Tools is null || kind == ListKind.Tools)
            .Where(member => access.Decide(Permissions.McpToolsCall, AccessResource.Server(member.Server.Name)).Allowed).ToList();
        var shares = await Task.WhenAll(members.Select(member => ReadAsync(call, member, kind, cancellationToken)));

        // What the servers said just now may have changed the catalogue, and with it the names.
        var scope = registry.Current.Find(call.Scope.Bundle) ?? call.Scope;
        var items = kind == ListKind.Tools ? Tools(call, scope, shares, access) : Others(call, scope, kind, shares, access);
        var page = Page(call, kind, items, after, [.. shares.Where(share => share.Problem is not null)]);
        if (kind == ListKind.Tools && after is null)
        {
            TellWithheld(page, scope, access);
        }

        return new(page);
    }

    private async Task<Share> ReadAsync(RelayCall call, ScopeMember member, ListKind kind, CancellationToken cancellationToken)
    {
        try
        {
            var asked = time.GetUtcNow();
            var items = await lists.ReadAsync(call, member.Server.Upstream, kind, cancellationToken);
            if (kind == ListKind.Tools)
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<ToolCatalogue>().RecordAsync(member.Server.Upstream, items, asked, cancellationToken);
                await registry.RefreshAsync(cancellationToken);
            }

            return new(member, items, null);
        }
        catch (UpstreamException exception) when (kind == ListKind.Tools && exception.Failure is UpstreamFailure.NeedsLogin or UpstreamFailure.Unauthorized)
        {
            // What lacks only a credential stays in the list, so that somebody finds out what to do: as it was when it was last seen.
            return new(member, [.. member.Server.Tools.Keys.Select(tool => new JsonObject { ["name"] = tool })], $"It {exception.Message}.") { NeedsLogin = true };
        }
        catch (UpstreamException exception)
        {
            return new(member, [], $"It {exception.Message}.");
        }
        catch (UpstreamErrorException exception)
        {
            return new(member, [], $"It answered with error {exception.Code}.");
        }
    }

    // As the catalogue has them: what may be listed is decided there.
    private static List<(string Key, JsonObject Item)> Tools(RelayCall call, EndpointScope scope, Share[] shares, CallerAccess access)
    {
        List<(string, JsonObject)> items = [];
        foreach (var share in shares)
        {
            if (scope.Find(share.Member.Server.Name) is not { } member)
            {
                continue;
            }

            foreach (var listed in share.Items)
            {
                if (listed["name"] is not JsonValue value || !value.TryGetValue(out string? name) || !member.Has(name)
                    || member.Server.Tools.GetValueOrDefault(name) is not { } tool || scope.ToolNames.Of(new(member.Server.Name, name)) is not { } exposed
                    || !access.Decide(Permissions.McpToolsCall, AccessResource.Tool(member.Server.Name, name)).Allowed
                    || JsonNode.Parse(tool.Definition) is not JsonObject definition)
                {
                    continue;
                }

                if (!ResultShaper.TryComplete(definition))
                {
                    continue;
                }

                definition["name"] = exposed;
                if (share.NeedsLogin)
                {
                    MarkNeedsLogin(definition, share.Problem!);
                }

                if (!call.Client.IsModern)
                {
                    ResultShaper.AgeTool(definition);
                }

                items.Add((exposed, definition));
            }
        }

        return items;
    }

    private static void MarkNeedsLogin(JsonObject definition, string reason)
    {
        if (definition["_meta"] is null or JsonObject)
        {
            definition["_meta"] ??= new JsonObject();
            definition["_meta"]![NeedsLogin] = reason;
        }
    }

    private static void TellWithheld(JsonObject page, EndpointScope scope, CallerAccess access)
    {
        var names = scope.Members.SelectMany(member => member.Server.Withheld.Where(member.Has).Select(tool => (Server: member.Server.Name, Tool: tool)))
            .Where(item => access.Decide(Permissions.McpToolsCall, AccessResource.Tool(item.Server, item.Tool)).Allowed)
            .Select(item => scope.ToolNames.Of(new(item.Server, item.Tool))).OfType<string>().Order(StringComparer.Ordinal).ToList();
        if (names.Count > 0)
        {
            page["_meta"] ??= new JsonObject();
            page["_meta"]![Withheld] = new JsonArray([.. names.Select(name => (JsonNode)name)]);
        }
    }

    private static List<(string Key, JsonObject Item)> Others(RelayCall call, EndpointScope scope, ListKind kind, Share[] shares, CallerAccess access)
    {
        var all = shares.SelectMany(share => share.Items.Select(item => (share.Member.Server.Name, Item: item, Key: Text(item, kind.Key)))).Where(entry => entry.Key is not null).ToList();
        var names = kind == ListKind.Prompts ? ExposedNames.Of(scope.Prefix, all.Select(entry => new ServerItem(entry.Name, entry.Key!))) : null;
        List<(string, JsonObject)> items = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var (server, item, key) in all)
        {
            var exposed = names is null ? ResourceUris.Expose(scope, server, key!) : names.Of(new(server, key!));
            if (exposed is null || !access.Decide(Permissions.McpToolsCall, Resources.Of(server, kind, key!)).Allowed || !seen.Add(exposed))
            {
                continue;
            }

            item[kind.Key] = exposed;
            items.Add((exposed, item));
        }

        return items;
    }

    private static JsonObject Page(RelayCall call, ListKind kind, List<(string Key, JsonObject Item)> items, string? after, List<Share> missing)
    {
        var ordered = items.OrderBy(item => item.Key, StringComparer.Ordinal).Where(item => after is null || string.CompareOrdinal(item.Key, after) > 0).Take(PageSize + 1).ToList();
        var page = ordered.Take(PageSize).ToList();
        var result = new JsonObject { [kind.Member] = new JsonArray([.. page.Select(item => (JsonNode)item.Item)]) };
        if (ordered.Count > PageSize)
        {
            result["nextCursor"] = ListCursor.Write(page[^1].Key);
        }

        if (missing.Count > 0)
        {
            result["_meta"] = new JsonObject
            {
                [Missing] = new JsonArray([.. missing.Select(share => (JsonNode)new JsonObject { ["server"] = share.Member.Server.Name, ["reason"] = share.Problem })]),
            };
        }

        return call.Client.IsModern ? ResultShaper.Modernise(result, kind.Method) : result;
    }

    private static string? Text(JsonObject item, string member) => item[member] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private sealed record Share(ScopeMember Member, IReadOnlyList<JsonObject> Items, string? Problem)
    {
        public bool NeedsLogin { get; init; }
    }
}

/// <summary>A position in a list.</summary>
internal static class ListCursor
{
    public static string Write(string after) => Convert.ToBase64String(Encoding.UTF8.GetBytes(after));

    public static bool TryRead(JsonNode? cursor, out string? after)
    {
        after = null;
        if (cursor is null)
        {
            return true;
        }

        try
        {
            after = cursor is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Convert.FromBase64String(text)) : null;
            return after is not null;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            return false;
        }
    }
}
