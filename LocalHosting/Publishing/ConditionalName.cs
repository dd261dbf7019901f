using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace McpPlatform.LocalHosting.Publishing;

/// <summary>Aspire names a conditional value after a 32-bit xxHash of its condition, its two branches and the value it is compared with.</summary>
internal static class ConditionalName
{
    private const uint Prime1 = 2654435761, Prime2 = 2246822519, Prime3 = 3266489917, Prime4 = 668265263, Prime5 = 374761393;

    public static string Hash(EndpointReference endpoint)
    {
        var condition = $"{{{endpoint.Resource.Name}.bindings.{endpoint.EndpointName}.tlsEnabled}}";
        var hash = XxHash32(Encoding.UTF8.GetBytes($"{condition},ssl=true{bool.TrueString}"));
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, hash);
        return Convert.ToHexStringLower(bytes);
    }

    internal static uint XxHash32(ReadOnlySpan<byte> data)
    {
        var rest = data;
        uint hash = Prime5;
        if (data.Length >= 16)
        {
            uint a = unchecked(Prime1 + Prime2), b = Prime2, c = 0, d = unchecked(0 - Prime1);
            for (; rest.Length >= 16; rest = rest[16..])
            {
                a = Round(a, rest);
                b = Round(b, rest[4..]);
                c = Round(c, rest[8..]);
                d = Round(d, rest[12..]);
            }

            hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
        }

        hash += (uint)data.Length;
        for (; rest.Length >= 4; rest = rest[4..])
        {
            hash = BitOperations.RotateLeft(hash + BinaryPrimitives.ReadUInt32LittleEndian(rest) * Prime3, 17) * Prime4;
        }

        foreach (var value in rest)
        {
            hash = BitOperations.RotateLeft(hash + value * Prime5, 11) * Prime1;
        }

        hash = (hash ^ hash >> 15) * Prime2;
        hash = (hash ^ hash >> 13) * Prime3;
        return hash ^ hash >> 16;
    }

    private static uint Round(uint lane, ReadOnlySpan<byte> input) =>
        BitOperations.RotateLeft(lane + BinaryPrimitives.ReadUInt32LittleEndian(input) * Prime2, 13) * Prime1;
}
