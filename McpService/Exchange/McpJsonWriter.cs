using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Credentials;
using McpPlatform.McpService.Servers;

namespace McpPlatform.McpService.Exchange;

/// <summary>A server as the caller may see it.</summary>
/// <param name="Server">The server.</param>
/// <param name="Url">Its address, or as much of it as is shown.</param>
/// <param name="Parameters">For one that runs as a process, what stands in the template's holes; null where that is not shown.</param>
/// <param name="Headers">The names of the headers that it is shown.</param>
internal sealed record ExportedServer(Server Server, string Url, IReadOnlyDictionary<string, string>? Parameters, IReadOnlyList<string> Headers);

/// <summary>Writes what <see cref="McpJson"/> reads.</summary>
/// <param name="format">Whose file.</param>
/// <param name="includeQuery">Whether the values in addresses' queries are written, and not placeholders.</param>
internal sealed class McpJsonWriter(ClientFormat format, bool includeQuery)
{
    private readonly JsonArray inputs = [];
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);

    public JsonObject Write(IEnumerable<ExportedServer> servers)
    {
        JsonObject entries = [];
        foreach (var server in servers)
        {
            var entry = server.Server.Launch is not null ? []
                : format == ClientFormat.Claude ? RemoteBridge.Write(server.Server.Name, Address(server), server.Server.Transport == Transports.Sse, server.Headers)
                : OverHttp(server);
            if (Own(server) is { Count: > 0 } own)
            {
                entry[McpJsonMembers.Platform] = own;
            }

            entries[server.Server.Name] = entry;
        }

        return format == ClientFormat.VsCode ? new() { ["inputs"] = inputs, ["servers"] = entries } : new() { ["mcpServers"] = entries };
    }

    private JsonObject OverHttp(ExportedServer server)
    {
        JsonObject entry = [];

        // Cursor finds out by itself; an import would take what has no type for Streamable HTTP.
        if (format == ClientFormat.VsCode || server.Server.Transport == Transports.Sse)
        {
            entry["type"] = server.Server.Transport;
        }

        entry["url"] = Address(server);
        if (server.Headers.Count > 0)
        {
            entry["headers"] = new JsonObject(server.Headers.Select(header => KeyValuePair.Create<string, JsonNode?>(header, Placeholder(server.Server.Name, header))));
        }

        return entry;
    }

    // Some servers take their key in the query.
    private string Address(ExportedServer server) =>
        includeQuery || server.Url.Split('?', 2) is not [var path, var query] ? server.Url
            : $"{path}?{string.Join('&', query.Split('&').Select((pair, i) => pair.Split('=', 2) is [var key, _] ? $"{key}={Placeholder(server.Server.Name, key)}" : Placeholder(server.Server.Name, $"query{i}")))}";

    private string Placeholder(string server, string part)
    {
        if (format != ClientFormat.VsCode)
        {
            return format == ClientFormat.Cursor ? $"${{env:{Placeholders.Variable(server, part)}}}" : $"${{{Placeholders.Variable(server, part)}}}";
        }

        var id = Placeholders.Input(server, part);
        if (ids.Add(id))
        {
            inputs.Add(new JsonObject { ["type"] = "promptString", ["id"] = id, ["description"] = $"{part} of {server}", ["password"] = true });
        }

        return $"${{input:{id}}}";
    }

    private static JsonObject Own(ExportedServer exported)
    {
        var server = exported.Server;
        JsonObject own = [];
        if (server.Description is { } description)
        {
            own["description"] = description;
        }

        if (!server.Enabled)
        {
            own["enabled"] = false;
        }

        if (server.DefinitionLock != Definitions.DefinitionLock.Changes)
        {
            own["definition_lock"] = server.DefinitionLock;
        }

        if (server.CredentialOwner != CredentialOwners.Server)
        {
            own["credential_owner"] = server.CredentialOwner;
        }

        if (server.Auth is { } auth)
        {
            own["auth"] = auth.Type;
        }

        if (server.Launch is { } launch)
        {
            own["template"] = launch.Template;
            if (exported.Parameters is { Count: > 0 } parameters)
            {
                own["parameters"] = JsonSerializer.SerializeToNode(parameters);
            }
        }

        return own;
    }
}
