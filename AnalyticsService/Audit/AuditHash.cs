using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace McpPlatform.AnalyticsService.Audit;

/// <summary>
/// The hashes of the audit chain, all SHA-256 (FIPS 180-4). What is hashed is encoded so that no two different things look the same: each field with its length, an absent one unlike an
/// empty one, times in microseconds.
/// </summary>
internal static class AuditHash
{
    public const int SaltBytes = 16;

    /// <summary>What a row that is not there counts as: it was deleted before it had a place in the chain.</summary>
    public static byte[] Missing { get; } = SHA256.HashData("mcpplatform audit row v1, missing"u8);

    /// <summary>Where the chain of a day (UTC) begins.</summary>
    public static byte[] Beginning(DateOnly day) => SHA256.HashData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"mcpplatform audit day v1 {day:yyyy-MM-dd}")));

    /// <summary>
    /// What tells about a person. The salt is kept beside and goes with the person: what is left then tells nothing, not even to who guesses, and still proves that the rest of the row is
    /// what it was.
    /// </summary>
    public static byte[] Personal(AuditRow row, byte[] salt)
    {
        using var fields = new Fields("mcpplatform audit personal v1");
        return fields.Add(salt).Add(row.UserId?.ToByteArray(bigEndian: true)).Add(row.Username).Add(row.Target).Add(row.ClientIp).Add(row.Details).Add(row.OldValues).Add(row.NewValues).Hash();
    }

    public static byte[] Row(AuditRow row, byte[] personal)
    {
        using var fields = new Fields("mcpplatform audit row v1");
        return fields.Add(row.EventId.ToByteArray(bigEndian: true)).Add((row.OccurredAt.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond)
            .Add(row.Service).Add(row.Action).Add(row.Outcome).Add(row.TargetType).Add(row.DurationMs is { } duration ? BitConverter.DoubleToInt64Bits(duration) : null).Add(row.TraceId)
            .Add(personal).Hash();
    }

    /// <summary>The link behind a link.</summary>
    public static byte[] Link(byte[] previous, long sequence, byte[] row)
    {
        using var fields = new Fields("mcpplatform audit link v1");
        return fields.Add(previous).Add(sequence).Add(row).Hash();
    }

    public static byte[] Checkpoint(AuditCheckpoint checkpoint)
    {
        using var fields = new Fields("mcpplatform audit checkpoint v1");
        return fields.Add(checkpoint.Number).Add(checkpoint.Day.DayNumber).Add(checkpoint.Sequence).Add(checkpoint.ChainHash).Add(checkpoint.SealedAt.ToUnixTimeMilliseconds())
            .Add(checkpoint.PreviousHash).Add(checkpoint.KeyId).Hash();
    }

    private sealed class Fields : IDisposable
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public Fields(string kind) => Add(kind);

        public Fields Add(byte[]? value)
        {
            Span<byte> length = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(length, value?.Length ?? -1);
            hash.AppendData(length);
            hash.AppendData(value ?? []);
            return this;
        }

        public Fields Add(string? value) => Add(value is null ? null : Encoding.UTF8.GetBytes(value));

        public Fields Add(long? value)
        {
            if (value is not { } number)
            {
                return Add((byte[]?)null);
            }

            var bytes = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(bytes, number);
            return Add(bytes);
        }

        public byte[] Hash() => hash.GetHashAndReset();

        public void Dispose() => hash.Dispose();
    }
}
