using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace McpPlatform.Contracts.Identity;

/// <summary>
/// How an API key is written: <c>mcpp_</c>, 16 hexadecimal digits that name it, <c>_</c>, 43 characters of secret (256 bits), 6 characters of checksum. The prefix
/// lets scanners of source code find a leaked key; the checksum lets the Gateway refuse a typo or a guess without asking anybody.
/// </summary>
public static class ApiKeyFormat
{
    /// <summary>What every key begins with.</summary>
    public const string Prefix = "mcpp_";

    /// <summary>The characters of a whole key.</summary>
    public const int Length = 71;

    /// <summary>The token type of a key in a token exchange (RFC 8693 section 2.1, <c>subject_token_type</c>).</summary>
    public const string TokenType = "urn:mcpplatform:params:oauth:token-type:api-key";

    private const int NameLength = 16, ChecksumLength = 6;

    /// <summary>Makes a new key.</summary>
    /// <returns>The key, to be shown once, and the part that names it.</returns>
    public static (string Key, string Name) Create()
    {
        var name = RandomNumberGenerator.GetHexString(NameLength, lowercase: true);
        var body = $"{Prefix}{name}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}";
        return (body + Checksum(body), name);
    }

    /// <summary>Whether it could be a key at all.</summary>
    /// <param name="key">What somebody sent.</param>
    /// <param name="name">The part that names the key.</param>
    /// <returns>False when the form or the checksum is wrong.</returns>
    public static bool TryParse(string? key, out string name)
    {
        name = string.Empty;
        if (key is not { Length: Length } || !key.StartsWith(Prefix, StringComparison.Ordinal) || key[Prefix.Length + NameLength] != '_'
            || !Ascii.IsValid(key) || Checksum(key[..^ChecksumLength]) != key[^ChecksumLength..])
        {
            return false;
        }

        name = key.Substring(Prefix.Length, NameLength);
        return true;
    }

    /// <summary>What is stored of a key: SHA-256 of all of it. The secret is random, so that a slow hash would protect nothing.</summary>
    /// <param name="key">The key.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] Hash(string key) => SHA256.HashData(Encoding.ASCII.GetBytes(key));

    private static string Checksum(string body) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(body)).AsSpan(0, 4));
}
