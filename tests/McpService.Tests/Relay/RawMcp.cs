using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace McpPlatform.McpService.Tests.Relay;

/// <summary>MCP by hand, message by message.</summary>
internal static class RawMcp
{
    public static JsonObject Initialize() => new()
    {
        ["jsonrpc"] = "2.0", ["id"] = 0, ["method"] = "initialize",
        ["params"] = new JsonObject { ["protocolVersion"] = "2025-11-25", ["capabilities"] = new JsonObject(), ["clientInfo"] = new JsonObject { ["name"] = "test", ["version"] = "1" } },
    };

    public static JsonObject Call(int id, string tool, JsonObject arguments) => new()
    {
        ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = "tools/call", ["params"] = new JsonObject { ["name"] = tool, ["arguments"] = arguments },
    };

    public static async Task<HttpResponseMessage> SendModernAsync(HttpClient client, string path, string tool, JsonObject capabilities, JsonObject? more = null)
    {
        var message = Call(1, tool, []);
        var parameters = message["params"]!.AsObject();
        parameters["_meta"] = new JsonObject
        {
            ["progressToken"] = "p",
            ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
            ["io.modelcontextprotocol/clientInfo"] = new JsonObject { ["name"] = "test", ["version"] = "1" },
            ["io.modelcontextprotocol/clientCapabilities"] = capabilities.DeepClone(),
        };
        foreach (var member in more ?? [])
        {
            parameters[member.Key] = member.Value?.DeepClone();
        }

        using var request = Post(path, message);
        request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
        request.Headers.Add("Mcp-Method", "tools/call");
        request.Headers.Add("Mcp-Name", tool);
        return await client.SendAsync(request);
    }

    public static async Task<HttpResponseMessage> SendAsync(HttpClient client, string path, JsonObject message, string? session)
    {
        using var request = Post(path, message);
        if (session is not null)
        {
            request.Headers.Add("Mcp-Session-Id", session);
            request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        }

        return await client.SendAsync(request);
    }

    public static HttpRequestMessage Post(string path, JsonObject message)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(message) };
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        return request;
    }

    public static async Task<JsonObject> ResultAsync(HttpResponseMessage response)
    {
        var message = await MessageAsync(response);
        return message["result"] as JsonObject ?? throw new Xunit.Sdk.XunitException($"No result: {message.ToJsonString()}");
    }

    public static async Task<JsonObject> MessageAsync(HttpResponseMessage response) => (await MessagesAsync(response))[^1];

    /// <summary>All that came, in order.</summary>
    public static async Task<List<JsonObject>> MessagesAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            return response.Content.Headers.ContentType?.MediaType == "text/event-stream"
                ? [.. text.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal) && line.Length > 6).Select(line => JsonNode.Parse(line[5..])!.AsObject())]
                : [JsonNode.Parse(text)!.AsObject()];
        }
    }
}
