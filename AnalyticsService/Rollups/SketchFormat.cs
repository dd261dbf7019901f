using System.Buffers.Binary;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>
/// How a <see cref="LatencySketch"/> is stored: for each bucket that holds something, ascending, its number and <see cref="Offset"/> in two bytes and its count in four, most significant
/// first. PostgreSQL passes thousands of these on where it would take arrays apart, which is most of what a month by hours would cost.
/// </summary>
internal static class SketchFormat
{
    /// <summary>No number is negative with it.</summary>
    public const int Offset = 1_000;

    private const int Bytes = 6;

    /// <summary>The bytes of all, in SQL: an aggregate.</summary>
    /// <param name="bucket">The number and <see cref="Offset"/>; NULL for nothing.</param>
    /// <param name="count">The count, of which there may be 2,147,483,647.</param>
    public static string Pack(string bucket, string count) =>
        $"coalesce(string_agg(int2send({bucket}::int2) || int4send(least({count}, {int.MaxValue})::int4), ''::bytea ORDER BY {bucket}) FILTER (WHERE {bucket} IS NOT NULL), ''::bytea)";

    /// <summary>Rows of (s, n), the number with <see cref="Offset"/> and the count, in SQL.</summary>
    public static string Unpack(string sketch) =>
        $"""
        SELECT get_byte({sketch}, at) * 256 + get_byte({sketch}, at + 1) AS s,
               get_byte({sketch}, at + 2)::bigint * 16777216 + get_byte({sketch}, at + 3) * 65536 + get_byte({sketch}, at + 4) * 256 + get_byte({sketch}, at + 5) AS n
        FROM generate_series(0, length({sketch}) - {Bytes}, {Bytes}) AS at
        """;

    /// <summary>Adds what is stored.</summary>
    public static void AddTo(LatencySketch sum, ReadOnlySpan<byte> sketch)
    {
        for (; sketch.Length >= Bytes; sketch = sketch[Bytes..])
        {
            sum.Add(BinaryPrimitives.ReadUInt16BigEndian(sketch) - Offset, BinaryPrimitives.ReadInt32BigEndian(sketch[2..]));
        }
    }
}
