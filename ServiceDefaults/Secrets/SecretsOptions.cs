using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Secrets;

/// <summary>The keys that stored secrets are encrypted with. At least one of the two is required.</summary>
public sealed class SecretsOptions
{
    /// <summary><c>id:key,id:key…</c>, each key 32 random bytes in base64. The first encrypts, all decrypt.</summary>
    [ConfigurationKeyName("DATA_ENCRYPTION_KEYS")]
    public string DataEncryptionKeys { get; set; } = string.Empty;

    /// <summary>At least 32 characters: a key is derived from it, which encrypts when no other is given and decrypts in any case.</summary>
    [ConfigurationKeyName("JWT_SECRET_KEY")]
    public string SecretKey { get; set; } = string.Empty;
}

internal sealed partial class SecretsOptionsValidator : IValidateOptions<SecretsOptions>
{
    public ValidateOptionsResult Validate(string? name, SecretsOptions options)
    {
        // No value is repeated: a key in the wrong place is still a key.
        List<string> failures = [];
        if (options.SecretKey.Length is > 0 and < 32)
        {
            failures.Add($"JWT_SECRET_KEY has {options.SecretKey.Length} characters, but must be at least 32 random ones.");
        }

        if (options.SecretKey.Length == 0 && options.DataEncryptionKeys.Length == 0)
        {
            failures.Add("Neither DATA_ENCRYPTION_KEYS nor JWT_SECRET_KEY is set, but stored secrets need one of them: set JWT_SECRET_KEY to at least 32 random characters.");
        }

        var keys = Split(options.DataEncryptionKeys).ToList();
        if (keys.Any(key => !KeyId().IsMatch(key.Id) || !IsKey(key.Key)))
        {
            failures.Add("DATA_ENCRYPTION_KEYS must be a comma list of id:key, the id 1 to 32 lower-case letters, digits and hyphens, the key 32 bytes in base64 (openssl rand -base64 32).");
        }

        if (keys.DistinctBy(key => key.Id, StringComparer.Ordinal).Count() != keys.Count)
        {
            failures.Add("DATA_ENCRYPTION_KEYS names an id twice, but each id must stand there once.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    internal static IEnumerable<(string Id, string Key)> Split(string keys) =>
        keys.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(entry => entry.Split(':', 2)).Select(parts => (parts[0], parts.ElementAtOrDefault(1) ?? string.Empty));

    private static bool IsKey(string text)
    {
        Span<byte> key = stackalloc byte[64];
        return text.Length <= 64 && Convert.TryFromBase64String(text, key, out var length) && length == 32;
    }

    [GeneratedRegex(@"^[a-z0-9-]{1,32}\z")]
    private static partial Regex KeyId();
}
