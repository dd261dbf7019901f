using System.Security.Cryptography;
using System.Text;
using McpPlatform.ServiceDefaults.Configuration;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Tokens;

/// <summary>Encrypts keys at rest: AES-256-GCM with a key derived from <c>JWT_SECRET_KEY</c> (HKDF, RFC 5869).</summary>
internal sealed class KeyProtector(IOptions<TokensOptions> options)
{
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private readonly byte[] key = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(options.Value.SecretKey), 32, info: "mcpplatform signing_keys v1"u8.ToArray());

    /// <summary>Tells which secret a ciphertext needs, without telling the secret.</summary>
    public string KeyId => Convert.ToHexStringLower(SHA256.HashData(key))[..16];

    public byte[] Protect(string rowId, ReadOnlySpan<byte> secret)
    {
        var result = new byte[NonceSize + secret.Length + TagSize];
        RandomNumberGenerator.Fill(result.AsSpan(0, NonceSize));
        using var aes = new AesGcm(key, TagSize);
        aes.Encrypt(result.AsSpan(0, NonceSize), secret, result.AsSpan(NonceSize, secret.Length), result.AsSpan(NonceSize + secret.Length), AssociatedData(rowId));
        return result;
    }

    /// <exception cref="InvalidConfigurationException">The ciphertext was made with another <c>JWT_SECRET_KEY</c>, or for another row.</exception>
    public byte[] Unprotect(string rowId, string keyId, ReadOnlySpan<byte> data)
    {
        var secret = new byte[data.Length - NonceSize - TagSize];
        using var aes = new AesGcm(key, TagSize);
        try
        {
            aes.Decrypt(data[..NonceSize], data[NonceSize..^TagSize], data[^TagSize..], secret, AssociatedData(rowId));
            return secret;
        }
        catch (AuthenticationTagMismatchException) when (keyId != KeyId)
        {
            throw new InvalidConfigurationException("JWT_SECRET_KEY is not the one that this database's signing keys were encrypted with: set it to that one.");
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new InvalidConfigurationException($"The signing key {rowId} in the database is damaged: restore it from a backup.");
        }
    }

    private static byte[] AssociatedData(string rowId) => Encoding.UTF8.GetBytes("signing_keys|" + rowId);
}
