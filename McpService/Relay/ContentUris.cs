using System.Text.Json.Nodes;
using McpPlatform.McpService.Catalogue;

namespace McpPlatform.McpService.Relay;

/// <summary>URIs in results: links to resources, embedded resources and what was read are named as the endpoint's lists name them.</summary>
internal static class ContentUris
{
    public static void Expose(JsonObject? result, EndpointScope scope, string server)
    {
        if (result is null || !scope.MarksUris)
        {
            return;
        }

        ExposeAll(result["content"], scope, server);
        ExposeAll(result["contents"], scope, server);
        foreach (var message in (result["messages"] as JsonArray ?? []).OfType<JsonObject>())
        {
            ExposeItem(message["content"] as JsonObject, scope, server);
            ExposeAll(message["content"], scope, server);
        }
    }

    private static void ExposeAll(JsonNode? items, EndpointScope scope, string server)
    {
        foreach (var item in (items as JsonArray ?? []).OfType<JsonObject>())
        {
            ExposeItem(item, scope, server);
        }
    }

    private static void ExposeItem(JsonObject? item, EndpointScope scope, string server)
    {
        Rename(item, scope, server);
        Rename(item?["resource"] as JsonObject, scope, server);
    }

    private static void Rename(JsonObject? holder, EndpointScope scope, string server)
    {
        if (holder?["uri"] is JsonValue value && value.TryGetValue(out string? uri))
        {
            holder["uri"] = ResourceUris.Expose(scope, server, uri);
        }
    }
}
