using System.Security.Cryptography;
using System.Text;
using McpPlatform.ServiceDefaults.Configuration;
using McpPlatform.ServiceDefaults.Secrets;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Tokens;

/// <summary>Encrypts the token server's keys at rest, and reads those of the first version, which were encrypted with a key of their own kind.</summary>
internal sealed class KeyProtector(SecretProtector secrets, IOptions<SecretsOptions> options)
{
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private readonly byte[] firstKey = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(options.Value.SecretKey), 32, info: "mcpplatform signing_keys v1"u8.ToArray());

    /// <summary>Encrypts a key under the operator's active one.</summary>
    public void Protect(SigningKey row, ReadOnlySpan<byte> secret)
    {
        row.ProtectedKey = secrets.Protect(secret, Context(row));
        row.ProtectionKeyId = secrets.ActiveKey;
    }

    /// <summary>Whether a key is encrypted under the operator's active one.</summary>
    public bool IsCurrent(SigningKey row) => row.ProtectionKeyId == secrets.ActiveKey && secrets.IsCurrent(row.ProtectedKey);

    /// <summary>Whether the operator has given what a key is encrypted with.</summary>
    public bool Knows(SigningKey row) => IsOfFirstVersion(row) ? row.ProtectionKeyId == FirstKeyId : secrets.Knows(row.ProtectionKeyId);

    /// <summary>Refuses to go on without the operator's key, before anything is made or deleted that another process could still use.</summary>
    /// <exception cref="InvalidConfigurationException">A key is encrypted with one that is not given.</exception>
    public void ThrowIfUnknown(IEnumerable<SigningKey> rows)
    {
        if (rows.FirstOrDefault(row => !Knows(row)) is { } unknown)
        {
            throw new InvalidConfigurationException(IsOfFirstVersion(unknown) || unknown.ProtectionKeyId.StartsWith("derived.", StringComparison.Ordinal)
                ? "JWT_SECRET_KEY is not the one that this database's signing keys were encrypted with: set it to that one."
                : $"The signing key {unknown.Id} is encrypted with '{unknown.ProtectionKeyId}', which DATA_ENCRYPTION_KEYS does not give: add that key again.");
        }
    }

    /// <summary>Decrypts a key.</summary>
    /// <returns>Null when the row is damaged, or encrypted with a key that is not given.</returns>
    public byte[]? Unprotect(SigningKey row)
    {
        try
        {
            return IsOfFirstVersion(row) ? UnprotectFirst(row)
                : SecretProtector.KeyOf(row.ProtectedKey) == row.ProtectionKeyId ? secrets.Unprotect(row.ProtectedKey, Context(row)) : null;
        }
        catch (Exception exception) when (exception is SecretUnreadableException or AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private string FirstKeyId => Convert.ToHexStringLower(SHA256.HashData(firstKey))[..16];

    // The names of SecretProtector's keys have a point in them.
    private static bool IsOfFirstVersion(SigningKey row) => !row.ProtectionKeyId.Contains('.', StringComparison.Ordinal);

    private static string Context(SigningKey row) => $"signing_keys|{row.Id}|{row.Use}";

    private byte[]? UnprotectFirst(SigningKey row)
    {
        var data = row.ProtectedKey.AsSpan();
        if (data.Length <= NonceSize + TagSize)
        {
            return null;
        }

        var secret = new byte[data.Length - NonceSize - TagSize];
        using var aes = new AesGcm(firstKey, TagSize);
        aes.Decrypt(data[..NonceSize], data[NonceSize..^TagSize], data[^TagSize..], secret, Encoding.UTF8.GetBytes("signing_keys|" + row.Id));
        return secret;
    }
}
