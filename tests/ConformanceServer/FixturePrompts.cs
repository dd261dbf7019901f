using System.Text.Json.Nodes;

namespace McpPlatform.ConformanceServer;

/// <summary>The suite's prompts.</summary>
internal static class FixturePrompts
{
    public static JsonArray List() =>
    [
        Describe("test_simple_prompt", "A prompt without arguments"),
        Describe("test_prompt_with_arguments", "A prompt with arguments", "arg1", "arg2"),
        Describe("test_prompt_with_embedded_resource", "A prompt with a resource", "resourceUri"),
        Describe("test_prompt_with_image", "A prompt with a picture"),
        Describe("test_input_required_result_prompt", "A prompt that asks something"),
    ];

    public static JsonObject Get(FixtureCall call)
    {
        var arguments = call.Arguments;
        switch ((string?)call.Parameters["name"])
        {
            case "test_simple_prompt":
                return Messages(Said("This is a simple prompt for testing."));
            case "test_prompt_with_arguments":
                return Messages(Said($"Prompt with arguments: arg1='{arguments["arg1"]}', arg2='{arguments["arg2"]}'"));
            case "test_prompt_with_embedded_resource":
                return Messages(
                    new JsonObject
                    {
                        ["type"] = "resource",
                        ["resource"] = new JsonObject { ["uri"] = (string?)arguments["resourceUri"], ["mimeType"] = "text/plain", ["text"] = "Embedded resource content for testing." },
                    },
                    Said("Please process the embedded resource above."));
            case "test_prompt_with_image":
                return Messages(new JsonObject { ["type"] = "image", ["data"] = FixtureResources.Png, ["mimeType"] = "image/png" }, Said("Please analyze the image above."));
            case "test_input_required_result_prompt":
                var (answers, ended) = call.AskAsync(new JsonObject { ["user_context"] = Questions.Form("What context should the prompt use?", "context", "string") }).GetAwaiter().GetResult();
                return ended ?? Messages(Said($"Context: {answers!["user_context"]?["content"]?["context"]}"));
            default:
                throw new FixtureException(-32602, "Unknown prompt");
        }
    }

    private static JsonObject Describe(string name, string description, params string[] arguments) => new()
    {
        ["name"] = name, ["description"] = description,
        ["arguments"] = new JsonArray([.. arguments.Select(argument => (JsonNode)new JsonObject { ["name"] = argument, ["description"] = "An argument", ["required"] = true })]),
    };

    private static JsonObject Said(string text) => new() { ["type"] = "text", ["text"] = text };

    private static JsonObject Messages(params JsonObject[] contents) =>
        new() { ["messages"] = new JsonArray([.. contents.Select(content => (JsonNode)new JsonObject { ["role"] = "user", ["content"] = content })]) };
}

/// <summary>What tools and prompts ask.</summary>
internal static class Questions
{
    public static JsonObject Form(string message, string field, string type) => Form(message, new JsonObject
    {
        ["type"] = "object", ["properties"] = new JsonObject { [field] = new JsonObject { ["type"] = type } }, ["required"] = new JsonArray(field),
    });

    public static JsonObject Form(string message, JsonObject schema) =>
        new() { ["method"] = "elicitation/create", ["params"] = new JsonObject { ["message"] = message, ["requestedSchema"] = schema } };

    public static JsonObject Sample(string text, int maxTokens) => new()
    {
        ["method"] = "sampling/createMessage",
        ["params"] = new JsonObject
        {
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = new JsonObject { ["type"] = "text", ["text"] = text } }), ["maxTokens"] = maxTokens,
        },
    };

    public static JsonObject Roots() => new() { ["method"] = "roots/list", ["params"] = new JsonObject() };
}
