using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace McpPlatform.AuthService.SecondFactor;

/// <summary>Codes by time (RFC 6238) with what every authenticator knows: HMAC-SHA-1, six digits, steps of 30 seconds.</summary>
internal static class TotpCode
{
    public const int SecretBytes = 20;
    private const int StepSeconds = 30, Digits = 6, Modulus = 1_000_000;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static long StepOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / StepSeconds;

    /// <summary>The step that a code belongs to: this one, the one before or the one after, for clocks that are a little off.</summary>
    /// <returns>Null when it is no code of these.</returns>
    public static long? Find(byte[] secret, string? code, DateTimeOffset now)
    {
        var digits = code?.Replace(" ", "", StringComparison.Ordinal);
        if (digits is not { Length: Digits } || !digits.All(char.IsAsciiDigit))
        {
            return null;
        }

        long? found = null;
        var step = StepOf(now);
        foreach (var candidate in (long[])[step + 1, step - 1, step])
        {
            // All three, so that the time does not tell which.
            found = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(digits), Encoding.ASCII.GetBytes(Compute(secret, candidate))) ? candidate : found;
        }

        return found;
    }

    /// <summary>The code of a step.</summary>
    public static string Compute(byte[] secret, long step)
    {
        Span<byte> counter = stackalloc byte[8], hash = stackalloc byte[20];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
#pragma warning disable CA5350 // RFC 4226 says HMAC-SHA-1, which the weakness of SHA-1 does not touch; many authenticators know no other.
        HMACSHA1.HashData(secret, counter, hash);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash[(hash[^1] & 0xF)..]) & int.MaxValue;
        return (number % Modulus).ToString("D6", System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Base32 without padding (RFC 4648 section 6), as authenticators take it.</summary>
    public static string Base32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder((bytes.Length * 8 + 4) / 5);
        var (buffer, bits) = (0, 0);
        foreach (var one in bytes)
        {
            (buffer, bits) = (((buffer << 8) | one) & 0xFFF, bits + 8);
            for (; bits >= 5; bits -= 5)
            {
                text.Append(Alphabet[(buffer >> (bits - 5)) & 31]);
            }
        }

        return bits > 0 ? text.Append(Alphabet[(buffer << (5 - bits)) & 31]).ToString() : text.ToString();
    }
}
