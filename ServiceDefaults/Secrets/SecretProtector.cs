using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Secrets;

/// <summary>
/// Encrypts secrets that are stored: each with a random key of its own, which is encrypted with the active key of the operator; AES-256-GCM both times,
/// bound to a context, so that a ciphertext that was moved to another row opens nowhere. The layout is
/// <c>1 | length and name of the key | nonce, wrapped key, tag | nonce, ciphertext, tag</c>.
/// </summary>
public sealed class SecretProtector
{
    private const byte Version = 1;
    private const int KeySize = 32, NonceSize = 12, TagSize = 16, Overhead = NonceSize + TagSize;
    private readonly Dictionary<string, byte[]> keys = new(StringComparer.Ordinal);

    /// <summary>Reads the operator's keys.</summary>
    /// <param name="options">The keys, validated.</param>
    public SecretProtector(IOptions<SecretsOptions> options)
    {
        foreach (var (id, key) in SecretsOptionsValidator.Split(options.Value.DataEncryptionKeys))
        {
            Add(id, Convert.FromBase64String(key));
        }

        if (options.Value.SecretKey is { Length: > 0 } secret)
        {
            Add("derived", HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), KeySize, info: "mcpplatform stored secrets v1"u8.ToArray()));
        }
    }

    /// <summary>The name of the key that encrypts now: its id and a fingerprint, so that another key under the same id is known to be another.</summary>
    public string ActiveKey { get; private set; } = string.Empty;

    /// <summary>Whether what was encrypted under the named key can be opened.</summary>
    /// <param name="key">As <see cref="KeyOf"/> or <see cref="ActiveKey"/> gave it.</param>
    /// <returns>False when the operator has not given that key.</returns>
    public bool Knows(string key) => keys.ContainsKey(key);

    /// <summary>Encrypts a secret.</summary>
    /// <param name="secret">What nobody may read.</param>
    /// <param name="context">Where it is kept: <c>table|row id|owner id</c>.</param>
    /// <returns>What may be stored.</returns>
    public byte[] Protect(ReadOnlySpan<byte> secret, string context)
    {
        var name = Encoding.ASCII.GetBytes(ActiveKey);
        var wrapped = 2 + name.Length;
        var result = new byte[wrapped + Overhead + KeySize + Overhead + secret.Length];
        (result[0], result[1]) = (Version, (byte)name.Length);
        name.CopyTo(result, 2);
        Span<byte> dataKey = stackalloc byte[KeySize];
        RandomNumberGenerator.Fill(dataKey);
        Seal(keys[ActiveKey], dataKey, result.AsSpan(wrapped, Overhead + KeySize), Associate(result.AsSpan(0, wrapped), context));
        Seal(dataKey, secret, result.AsSpan(wrapped + Overhead + KeySize), Associate([], context));
        CryptographicOperations.ZeroMemory(dataKey);
        return result;
    }

    /// <summary>Decrypts what <see cref="Protect"/> made.</summary>
    /// <param name="data">What was stored.</param>
    /// <param name="context">The same as then.</param>
    /// <returns>The secret.</returns>
    /// <exception cref="SecretUnreadableException">It was made under a key that is not there, for another place, or it is damaged.</exception>
    public byte[] Unprotect(byte[] data, string context)
    {
        var name = KeyOf(data) ?? throw new SecretUnreadableException("The stored secret is damaged: enter it again.");
        var wrapped = 2 + name.Length;
        var sealedSecret = wrapped + Overhead + KeySize;
        if (!keys.TryGetValue(name, out var key))
        {
            throw new SecretUnreadableException($"The stored secret needs the key '{name}', which neither DATA_ENCRYPTION_KEYS nor JWT_SECRET_KEY gives.");
        }

        Span<byte> dataKey = stackalloc byte[KeySize];
        var secret = new byte[data.Length - sealedSecret - Overhead];
        try
        {
            Open(key, data.AsSpan(wrapped, Overhead + KeySize), dataKey, Associate(data.AsSpan(0, wrapped), context));
            Open(dataKey, data.AsSpan(sealedSecret), secret, Associate([], context));
            return secret;
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new SecretUnreadableException("The stored secret is damaged, or belongs to another row: enter it again.", exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    /// <summary>The name of the key that a ciphertext was made under.</summary>
    /// <param name="data">What <see cref="Protect"/> made.</param>
    /// <returns>Null when it is no ciphertext of this kind.</returns>
    public static string? KeyOf(byte[] data) =>
        data.Length >= 2 && data[0] == Version && data.Length >= 2 + data[1] + Overhead + KeySize + Overhead
            ? Encoding.ASCII.GetString(data, 2, data[1]) : null;

    /// <summary>Whether a ciphertext was made under the active key; if not, its owner should protect the secret again.</summary>
    /// <param name="data">What <see cref="Protect"/> made.</param>
    /// <returns>False also when it is no ciphertext.</returns>
    public bool IsCurrent(byte[] data) => KeyOf(data) == ActiveKey;

    private void Add(string id, byte[] key)
    {
        var name = $"{id}.{Convert.ToHexStringLower(HMACSHA256.HashData(key, "mcpplatform key name"u8))[..16]}";
        keys[name] = key;
        ActiveKey = ActiveKey.Length == 0 ? name : ActiveKey;
    }

    // The length first, so that no header and context run into each other.
    private static byte[] Associate(ReadOnlySpan<byte> header, string context)
    {
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, header.Length);
        return [.. length, .. header, .. Encoding.UTF8.GetBytes(context)];
    }

    private static void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> secret, Span<byte> result, byte[] associated)
    {
        RandomNumberGenerator.Fill(result[..NonceSize]);
        using var aes = new AesGcm(key, TagSize);
        aes.Encrypt(result[..NonceSize], secret, result[NonceSize..^TagSize], result[^TagSize..], associated);
    }

    private static void Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> secret, byte[] associated)
    {
        using var aes = new AesGcm(key, TagSize);
        aes.Decrypt(data[..NonceSize], data[NonceSize..^TagSize], data[^TagSize..], secret, associated);
    }
}
