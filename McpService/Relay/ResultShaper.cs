using System.Text.Json.Nodes;

namespace McpPlatform.McpService.Relay;

/// <summary>What one era has in its answers and the other refuses or requires.</summary>
internal static class ResultShaper
{
    private static readonly string[] ModernOnly = ["resultType", "ttlMs", "cacheScope"];

    /// <summary>Makes a server's answer one that the client's era has.</summary>
    public static RelayAnswer Shape(RelayAnswer answer, RelayCall call, bool serverIsModern)
    {
        if (serverIsModern == call.Client.IsModern)
        {
            return answer;
        }

        return answer.Error is { } error
            ? answer with { Error = Shape(error, call) }
            : call.Client.IsModern ? new(Modernise(answer.Result!, call.Method)) : new(Age(answer.Result!));
    }

    /// <summary>Adds what a client of 2026-07-28 requires.</summary>
    public static JsonObject Modernise(JsonObject result, string method)
    {
        result["resultType"] ??= "complete";
        if (method is "resources/read" || method.EndsWith("/list", StringComparison.Ordinal))
        {
            // Nothing is known about how long it holds; and what one may read another may not.
            result["ttlMs"] ??= 0;
            result["cacheScope"] ??= "private";
        }

        return result;
    }

    /// <summary>Gives a tool the input schema of an object where its server left that open: clients refuse the whole list for one tool without it.</summary>
    /// <returns>False for a schema of something else, with which no client can call the tool, or one that cannot be read.</returns>
    public static bool TryComplete(JsonObject tool)
    {
        if (tool["inputSchema"] is null)
        {
            tool["inputSchema"] = new JsonObject { ["type"] = "object" };
            return true;
        }

        if (tool["inputSchema"] is not JsonObject schema)
        {
            return false;
        }

        try
        {
            schema["type"] ??= "object";
            return IsObjectSchema(schema);
        }
        catch (ArgumentException)
        {
            // A key stands twice in it, which is found only by looking: two readers would take it for two things.
            return false;
        }
    }

    /// <summary>Wraps an output schema that is no object, as the older revisions want it; <see cref="Age"/> wraps the content with it.</summary>
    public static void AgeTool(JsonObject tool)
    {
        if (tool["outputSchema"] is { } schema && !IsObjectSchema(schema))
        {
            tool["outputSchema"] = new JsonObject
            {
                ["type"] = "object", ["properties"] = new JsonObject { ["result"] = schema.DeepClone() }, ["required"] = new JsonArray("result"),
            };
        }
    }

    private static JsonObject Age(JsonObject result)
    {
        foreach (var member in ModernOnly)
        {
            result.Remove(member);
        }

        if (result["_meta"] is JsonObject meta)
        {
            meta.Remove("io.modelcontextprotocol/serverInfo");
            if (meta.Count == 0)
            {
                result.Remove("_meta");
            }
        }

        if (result["structuredContent"] is { } content and not JsonObject)
        {
            result["structuredContent"] = new JsonObject { ["result"] = content.DeepClone() };
        }

        return result;
    }

    private static RelayError Shape(RelayError error, RelayCall call)
    {
        var uri = call.Parameters["uri"]?.DeepClone();
        return call.Client.IsModern
            ? error.Code == RelayError.LegacyResourceNotFound ? new(RelayError.InvalidParams, error.Message, error.Data ?? new JsonObject { ["uri"] = uri }) : error
            : error.Code == RelayError.InvalidParams && call.Method == "resources/read" && error.Data is JsonObject data && data.ContainsKey("uri")
                ? error with { Code = RelayError.LegacyResourceNotFound }
                : error;
    }

    private static bool IsObjectSchema(JsonNode schema) => schema is JsonObject { } members && members["type"] is JsonValue type && type.TryGetValue(out string? name) && name == "object";
}
