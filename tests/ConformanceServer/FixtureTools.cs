using System.Text.Json.Nodes;

namespace McpPlatform.ConformanceServer;

/// <summary>The suite's tools.</summary>
internal static class FixtureTools
{
    private const string Wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==";
    private static readonly Dictionary<string, (string Description, string Schema, Func<FixtureCall, Task<JsonObject>> Run)> Tools = new(StringComparer.Ordinal)
    {
        ["test_simple_text"] = Plain("Returns text", _ => Task.FromResult(Text("This is a simple text response for testing."))),
        ["test_image_content"] = Plain("Returns a picture", _ => Task.FromResult(Content(Picture()))),
        ["test_audio_content"] = Plain("Returns a sound", _ => Task.FromResult(Content(new JsonObject { ["type"] = "audio", ["data"] = Wav, ["mimeType"] = "audio/wav" }))),
        ["test_embedded_resource"] = Plain("Returns a resource", _ => Task.FromResult(Content(Resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")))),
        ["test_multiple_content_types"] = Plain("Returns several things", _ => Task.FromResult(Content(
            Said("Multiple content types test:"), Picture(), Resource("test://mixed-content-resource", "application/json", "{\"test\":\"data\",\"value\":123}")))),
        ["test_tool_with_logging"] = Plain("Logs three times", LogAsync),
        ["test_logging_tool"] = Plain("Logs", LogAsync),
        ["test_error_handling"] = Plain("Fails", _ => Task.FromResult(Failed("This tool intentionally returns an error for testing"))),
        ["test_tool_with_progress"] = Plain("Makes progress", ProgressAsync),
        ["test_sampling"] = ("Asks for a sample", Takes("prompt"), call => AskAsync(call, Questions.Sample(call.Text("prompt"), 100), answer => $"LLM response: {SampleText(answer)}")),
        ["test_elicitation"] = ("Asks the user", Takes("message"), call => AskAsync(call, Questions.Form(call.Text("message"), Schemas.User()), answer => $"User response: {Answer(answer)}")),
        ["test_elicitation_sep1034_defaults"] = Plain("Asks with defaults", call => AskAsync(call, Questions.Form("Please fill in", Schemas.Defaults()), answer => $"Elicitation completed: {Answer(answer)}")),
        ["test_elicitation_sep1330_enums"] = Plain("Asks with choices", call => AskAsync(call, Questions.Form("Please choose", Schemas.Choices()), answer => $"Elicitation completed: {Answer(answer)}")),
        ["json_schema_2020_12_tool"] = ("Tool with JSON Schema 2020-12 features", Schemas.Json202012, _ => Task.FromResult(Text("Valid."))),
        ["test_custom_headers"] = ("Takes arguments in headers", Schemas.Headers, call => Task.FromResult(Text($"region={call.Text("region")}"))),
        ["test_missing_capability"] = Plain("Needs sampling", call => call.Capabilities.ContainsKey("sampling") ? Task.FromResult(Text("Declared.")) : throw FixtureCall.Missing("sampling")),
        ["test_streaming_elicitation"] = Plain("Asks the user", call => AskAsync(call, Questions.Form("Go on?", "ok", "boolean"), _ => "Went on.")),
        ["test_trigger_tool_change"] = Plain("Tells that tools changed", call => TellAsync(call, "toolsListChanged", "notifications/tools/list_changed")),
        ["test_trigger_prompt_change"] = Plain("Tells that prompts changed", call => TellAsync(call, "promptsListChanged", "notifications/prompts/list_changed")),
        ["test_input_required_result_elicitation"] = Plain("Asks for a name", call => RoundAsync(call, new() { ["user_name"] = Questions.Form("What is your name?", "name", "string") }, answers => $"Hello, {answers["user_name"]!["content"]?["name"]}!")),
        ["test_input_required_result_sampling"] = Plain("Asks for a sample", call => RoundAsync(call, new() { ["capital_question"] = Questions.Sample("What is the capital of France?", 100) }, answers => SampleText(answers["capital_question"]))),
        ["test_input_required_result_list_roots"] = Plain("Asks for roots", call => RoundAsync(call, new() { ["client_roots"] = Questions.Roots() }, answers => $"Roots: {answers["client_roots"]!["roots"]!.ToJsonString()}")),
        ["test_input_required_result_request_state"] = Plain("Asks and keeps a state", StateAsync),
        ["test_input_required_result_tampered_state"] = Plain("Asks and guards its state", StateAsync),
        ["test_input_required_result_multiple_inputs"] = Plain("Asks three things", MultipleAsync),
        ["test_input_required_result_multi_round"] = Plain("Asks twice", RoundsAsync),
        ["greet"] = ("Greets", Takes("name"), call => Task.FromResult(Text($"Hello, {call.Text("name")}!"))),
        ["slow_compute"] = ("Takes its time", Schemas.Compute, FixtureTaskTools.SlowComputeAsync),
        ["failing_job"] = Plain("Fails after a while", FixtureTaskTools.FailingJob),
        ["protocol_error_job"] = Plain("Breaks down after a while", FixtureTaskTools.ProtocolErrorJob),
        ["confirm_delete"] = ("Asks before it deletes", Takes("filename"), FixtureTaskTools.ConfirmDelete),
        ["multi_input"] = Plain("Asks two things at a time", FixtureTaskTools.MultiInput),
        ["test_tool_with_task"] = Plain("Asks, and then takes its time", FixtureTaskTools.AskFirstAsync),
        ["test_input_required_result_capabilities"] = Plain("Asks what can be asked", CapabilitiesAsync),
    };

    public static JsonArray List() =>
    [
        .. Tools.OrderBy(tool => tool.Key, StringComparer.Ordinal).Select(tool => (JsonNode)new JsonObject
        {
            ["name"] = tool.Key, ["description"] = tool.Value.Description, ["inputSchema"] = JsonNode.Parse(tool.Value.Schema),
        }),
    ];

    public static Task<JsonObject> CallAsync(FixtureCall call) => Tools.TryGetValue((string?)call.Parameters["name"] ?? string.Empty, out var tool)
        ? tool.Run(call)
        : throw new FixtureException(-32602, $"Unknown tool: {call.Parameters["name"]}");

    private static (string, string, Func<FixtureCall, Task<JsonObject>>) Plain(string description, Func<FixtureCall, Task<JsonObject>> run) => (description, Schemas.Nothing, run);

    private static string Takes(string argument) => $$$"""{"type":"object","properties":{"{{{argument}}}":{"type":"string"}},"required":["{{{argument}}}"]}""";

    private static async Task<JsonObject> LogAsync(FixtureCall call)
    {
        foreach (var text in (string[])["Tool execution started", "Tool processing data", "Tool execution completed"])
        {
            await call.LogAsync(text);
            await Task.Delay(50, call.CancellationToken);
        }

        return Text("Logged.");
    }

    private static async Task<JsonObject> ProgressAsync(FixtureCall call)
    {
        foreach (var progress in (int[])[0, 50, 100])
        {
            await call.ProgressAsync(progress);
            await Task.Delay(50, call.CancellationToken);
        }

        return Text("Done.");
    }

    private static async Task<JsonObject> TellAsync(FixtureCall call, string flag, string method)
    {
        await call.Watchers.TellAsync(flag, method);
        return Text("Told.");
    }

    // The scenarios of the older revision: one question, and no name for it that anybody looks at.
    private static Task<JsonObject> AskAsync(FixtureCall call, JsonObject question, Func<JsonNode?, string> say) =>
        RoundAsync(call, new() { ["question"] = question }, answers => say(answers["question"]));

    private static async Task<JsonObject> RoundAsync(FixtureCall call, JsonObject questions, Func<JsonObject, string> say, string? state = null)
    {
        var (answers, ended) = await call.AskAsync(questions, state);
        return ended ?? Text(say(answers!));
    }

    private static async Task<JsonObject> StateAsync(FixtureCall call)
    {
        var state = call.OpenState();
        if (call.Responses is not null && call.IsModern && state is null)
        {
            throw new FixtureException(-32602, "The requestState is missing.");
        }

        return await RoundAsync(call, new() { ["confirm"] = Questions.Form("Please confirm", "ok", "boolean") }, _ => "state-ok", "confirmed");
    }

    private static Task<JsonObject> MultipleAsync(FixtureCall call)
    {
        call.OpenState();
        return RoundAsync(
            call,
            new()
            {
                ["user_name"] = Questions.Form("What is your name?", "name", "string"), ["greeting"] = Questions.Sample("Generate a greeting", 50), ["client_roots"] = Questions.Roots(),
            },
            answers => $"{SampleText(answers["greeting"])} {answers["user_name"]!["content"]?["name"]} {answers["client_roots"]!["roots"]!.ToJsonString()}",
            "multiple");
    }

    private static async Task<JsonObject> RoundsAsync(FixtureCall call)
    {
        if (call.OpenState() != "round-2")
        {
            var (_, first) = await call.AskAsync(new JsonObject { ["step1"] = Questions.Form("Step 1: What is your name?", "name", "string") }, "round-1");
            if (first is not null)
            {
                return first;
            }
        }

        return await RoundAsync(call, new() { ["step2"] = Questions.Form("Step 2: What is your favorite color?", "color", "string") }, answers => $"Your color is {answers["step2"]!["content"]?["color"]}.", "round-2");
    }

    private static Task<JsonObject> CapabilitiesAsync(FixtureCall call)
    {
        var questions = new JsonObject();
        if (call.Capabilities.ContainsKey("sampling"))
        {
            questions["sample"] = Questions.Sample("Say something", 50);
        }

        if (call.Capabilities.ContainsKey("elicitation"))
        {
            questions["form"] = Questions.Form("Say something", "text", "string");
        }

        return questions.Count == 0 ? Task.FromResult(Text("Nothing can be asked.")) : RoundAsync(call, questions, _ => "Asked.");
    }

    private static string Answer(JsonNode? answer) => $"action={answer?["action"]}, content={answer?["content"]?.ToJsonString() ?? "{}"}";

    private static string SampleText(JsonNode? answer) => (string?)(answer?["content"] is JsonArray parts ? parts[0]?["text"] : answer?["content"]?["text"]) ?? string.Empty;

    private static JsonObject Said(string text) => new() { ["type"] = "text", ["text"] = text };

    private static JsonObject Picture() => new() { ["type"] = "image", ["data"] = FixtureResources.Png, ["mimeType"] = "image/png" };

    private static JsonObject Resource(string uri, string type, string text) =>
        new() { ["type"] = "resource", ["resource"] = new JsonObject { ["uri"] = uri, ["mimeType"] = type, ["text"] = text } };

    private static JsonObject Content(params JsonObject[] items) => new() { ["content"] = new JsonArray([.. items.Select(item => (JsonNode)item)]) };

    private static JsonObject Text(string text) => Content(Said(text));

    private static JsonObject Failed(string text)
    {
        var result = Text(text);
        result["isError"] = true;
        return result;
    }
}
