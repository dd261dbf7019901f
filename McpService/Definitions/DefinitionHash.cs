using System.Text.Json;
using McpPlatform.McpService.Tools;

namespace McpPlatform.McpService.Definitions;

/// <summary>
/// The fingerprint that a definition is held to: over all that a model or a client acts on. Icons and <c>_meta</c> are left out: they change with every release
/// of a server and move nobody to do anything. Keys that are not known here count, because somebody may act on them.
/// </summary>
internal static class DefinitionHash
{
    private static readonly string[] LeftOut = ["_meta", "icons"];

    /// <summary>SHA-256 of the canonical form, in lower-case hexadecimal: the same for another order of keys and other white space.</summary>
    public static string Of(JsonElement definition)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var property in definition.EnumerateObject().Where(property => !LeftOut.Contains(property.Name)))
            {
                property.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        using var covered = JsonDocument.Parse(buffer.WrittenMemory);
        return CanonicalJson.Hash(covered.RootElement);
    }
}
