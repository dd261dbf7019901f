using System.Text.Json.Nodes;
using McpPlatform.McpService.Catalogue;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>The questions of a server in a result of 2026-07-28 (<c>input_required</c>).</summary>
internal static class InputRequests
{
    public static bool AreIn(RelayAnswer answer) => answer.Result?["resultType"] is JsonValue type && type.TryGetValue(out string? text) && text == "input_required";

    public static IEnumerable<(string Key, string Method, JsonObject? Parameters)> In(JsonObject result) =>
        from request in result["inputRequests"] as JsonObject ?? []
        let question = request.Value as JsonObject
        let method = question?["method"] is JsonValue value && value.TryGetValue(out string? text) ? text : string.Empty
        select (request.Key, method, question?["params"] as JsonObject);

    /// <summary>The first question that the client did not say it can be asked. To come again without any is more than a client with sessions knows, too.</summary>
    public static string? FindUndeclared(JsonObject result, RelayClient client) => !client.IsModern && !In(result).Any() && client.Capabilities.Count == 0
        ? "another round"
        : In(result).Where(question => !client.CanBeAsked(question.Method, question.Parameters)).Select(question => question.Method).FirstOrDefault();

    public static RelayAnswer Undeclared(RelayRound request, string method) => RelayAnswer.Fail(
        RelayError.MissingCapability,
        $"The MCP server '{request.Server.Name}' asks for '{method}', which this client did not declare that it can answer.",
        new JsonObject { ["requiredCapabilities"] = new JsonObject { [Capability(method)] = new JsonObject() } });

    /// <summary>Lets a person see which of several servers asks.</summary>
    public static void NameServer(JsonObject result, RelayRound request) => NameServer(result, request.Call, request.Server.Name);

    public static void NameServer(JsonObject result, RelayCall call, string server)
    {
        foreach (var (_, method, parameters) in In(result).ToList())
        {
            NameServer(method, parameters, call, server);
        }
    }

    public static void NameServer(string method, JsonObject? parameters, RelayCall call, string server) => NameServer(method, parameters, call.Scope, server);

    public static void NameServer(string method, JsonObject? parameters, EndpointScope scope, string server)
    {
        if (method == RequestMethods.ElicitationCreate && scope.Members.Count > 1 && parameters?["message"] is JsonValue value && value.TryGetValue(out string? message))
        {
            parameters["message"] = $"[{server}] {message}";
        }
    }

    private static string Capability(string method) => method switch
    {
        RequestMethods.ElicitationCreate => "elicitation",
        "sampling/createMessage" => "sampling",
        "roots/list" => "roots",
        _ => method,
    };
}
