using System.Text.Json;
using System.Text.Json.Serialization;

namespace McpPlatform.ServiceDefaults.Http;

/// <summary>Refuses text with a NUL, in one place for every request: PostgreSQL stores none, and nobody means one.</summary>
internal sealed class StorableStringConverter : JsonConverter<string>
{
    public const string Sentence = "text must not contain the character U+0000.";

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new JsonException();
        }

        var text = reader.GetString()!;
        return text.Contains('\0', StringComparison.Ordinal) ? throw new JsonException(Sentence) : text;
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString()!;

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);
}
