using System.Text.Json.Nodes;

namespace McpPlatform.ConformanceServer;

/// <summary>The suite's resources.</summary>
internal static class FixtureResources
{
    /// <summary>One red pixel.</summary>
    public const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

    public static JsonArray List() =>
    [
        Describe("uri", "test://static-text", "A text that never changes", "text/plain"),
        Describe("uri", "test://static-binary", "A picture that never changes", "image/png"),
        Describe("uri", "test://watched-resource", "A resource to subscribe to", "text/plain"),
    ];

    public static JsonArray Templates() => [Describe("uriTemplate", "test://template/{id}/data", "Data by id", "application/json")];

    public static JsonObject Read(FixtureCall call)
    {
        var uri = (string?)call.Parameters["uri"] ?? string.Empty;
        var content = new JsonObject { ["uri"] = uri };
        switch (uri)
        {
            case "test://static-text":
                (content["mimeType"], content["text"]) = ("text/plain", "This is the content of the static text resource.");
                break;
            case "test://static-binary":
                (content["mimeType"], content["blob"]) = ("image/png", Png);
                break;
            case "test://watched-resource":
                (content["mimeType"], content["text"]) = ("text/plain", "Watched.");
                break;
            case var _ when uri.StartsWith("test://template/", StringComparison.Ordinal) && uri.EndsWith("/data", StringComparison.Ordinal):
                var id = uri["test://template/".Length..^"/data".Length];
                (content["mimeType"], content["text"]) = ("application/json", new JsonObject { ["id"] = id, ["templateTest"] = true, ["data"] = $"Data for ID: {id}" }.ToJsonString());
                break;
            default:
                throw new FixtureException(call.IsModern ? -32602 : -32002, "Resource not found", new JsonObject { ["uri"] = uri });
        }

        return new JsonObject { ["contents"] = new JsonArray(content) };
    }

    private static JsonObject Describe(string key, string uri, string description, string type) =>
        new() { [key] = uri, ["name"] = uri["test://".Length..], ["description"] = description, ["mimeType"] = type };
}
