using System.Text.Json.Nodes;
using McpPlatform.McpService.Tools;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// What an MCP client is told of a tool call. What is wrong with the request is an error; what went wrong on the way to the tool is a result with
/// <c>isError</c>, because a model sees results and can say or do something about it.
/// </summary>
internal static class ToolAnswers
{
    private const string FailureKey = "mcpplatform/failure";

    public static RelayAnswer Of(RelayCall call, string name, ToolCallOutcome outcome) => outcome switch
    {
        { Result: { } result } => new(result),
        { Failure: { Error: { } error } } => RelayAnswer.Fail(error.Code, error.Message, error.ErrorData?.DeepClone()),
        { Failure.Kind: "unknown_tool" or "unknown_server" or "access" } =>
            RelayAnswer.Fail(RelayError.InvalidParams, $"Unknown tool: there is none named '{Cut(name)}', or none that you may use."),
        { Failure: { Kind: "header_mismatch" } mismatch } => RelayAnswer.Fail(RelayError.HeaderMismatch, mismatch.Sentence),
        { Failure: { } failure } => new(Describe(call, outcome.Server, failure)),
        _ => RelayAnswer.Fail(RelayError.InternalError, "The call had no outcome."),
    };

    private static JsonObject Describe(RelayCall call, string server, ToolCallFailure failure)
    {
        var result = new JsonObject
        {
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = failure.Sentence }),
            ["isError"] = true,
            ["_meta"] = new JsonObject { [FailureKey] = new JsonObject { ["server"] = server, ["kind"] = failure.Kind } },
        };
        return call.Client.IsModern ? ResultShaper.Modernise(result, call.Method) : result;
    }

    private static string Cut(string text) => text.Length <= 200 ? text : text[..200] + "…";
}
