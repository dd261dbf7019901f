using System.Text.Json.Nodes;
using McpPlatform.McpService.Servers;

namespace McpPlatform.McpService.Exchange;

/// <summary>
/// The program <c>mcp-remote</c>, with which a client that only runs processes (Claude Desktop) reaches servers over HTTP. It is not run here: what it leads to is the server.
/// </summary>
internal static class RemoteBridge
{
    private const string Package = "mcp-remote";

    /// <returns>Null when the command is another one.</returns>
    public static (string Transport, string Url, Dictionary<string, string> Headers)? Read(EntryCommand run)
    {
        List<string> words = [run.Command, .. run.Arguments];
        var package = words.FindIndex(word => word == Package || word.StartsWith(Package + "@", StringComparison.Ordinal));
        if (package < 0 || package + 1 >= words.Count || !words.Take(package).All(word => word is "npx" or "npx.cmd" or "cmd" or "/c" or "-y" or "--yes"))
        {
            return null;
        }

        var transport = Transports.Http;
        Dictionary<string, string> headers = new(StringComparer.Ordinal);
        for (var i = package + 2; i + 1 < words.Count; i++)
        {
            if (words[i] == "--transport")
            {
                transport = words[++i].StartsWith("sse", StringComparison.Ordinal) ? Transports.Sse : Transports.Http;
            }
            else if (words[i] == "--header" && words[++i].Split(':', 2) is [var name, var value])
            {
                headers[name.Trim()] = Placeholders.Fill(value, run.Environment).Trim();
            }
        }

        return (transport, words[package + 1], headers);
    }

    public static JsonObject Write(string server, string url, bool isSse, IEnumerable<string> headers)
    {
        JsonArray arguments = ["-y", Package, url];
        if (isSse)
        {
            arguments.Add("--transport");
            arguments.Add("sse-only");
        }

        // It refuses plain HTTP to other machines without being told.
        if (Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttp && !address.IsLoopback)
        {
            arguments.Add("--allow-http");
        }

        JsonObject environment = [];
        foreach (var header in headers)
        {
            // Without a space, which some clients do not hand on within an argument.
            var variable = Placeholders.Variable(server, header);
            arguments.Add("--header");
            arguments.Add($"{header}:${{{variable}}}");
            environment[variable] = $"${{{variable}}}";
        }

        JsonObject entry = new() { ["command"] = "npx", ["args"] = arguments };
        if (environment.Count > 0)
        {
            entry["env"] = environment;
        }

        return entry;
    }
}
