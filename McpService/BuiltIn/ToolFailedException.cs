namespace McpPlatform.McpService.BuiltIn;

/// <summary>A tool cannot do what was asked. Its message is the tool's result: it tells the model what is wrong and what to do.</summary>
internal sealed class ToolFailedException(string message) : Exception(message);
