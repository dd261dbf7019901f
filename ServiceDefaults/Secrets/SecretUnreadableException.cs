namespace McpPlatform.ServiceDefaults.Secrets;

/// <summary>A stored secret cannot be decrypted. Others may be fine: it is for the owner of this one to say so and to have it entered again.</summary>
/// <param name="sentence">What is wrong, without the secret.</param>
/// <param name="inner">The cause.</param>
public sealed class SecretUnreadableException(string sentence, Exception? inner = null) : Exception(sentence, inner);
