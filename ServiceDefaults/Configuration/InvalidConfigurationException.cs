namespace McpPlatform.ServiceDefaults.Configuration;

/// <summary>The process cannot start as it is configured. The message is one sentence that names the key and what is allowed.</summary>
/// <param name="sentence">What an operator reads on standard error.</param>
public sealed class InvalidConfigurationException(string sentence) : Exception(sentence);
