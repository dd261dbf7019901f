using System.Text.Json;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>What every kind of database writes the same way.</summary>
internal static class JsonCells
{
    // Beyond this a double, which is what JavaScript makes of a number, does not hold every integer.
    private const long MaxExact = 1L << 53;

    /// <summary>Text stays readable: what JSON allows is not escaped, since the answer is never put into a page.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 128 };

    public static void WriteColumns(Utf8JsonWriter json, IReadOnlyList<ResultColumn> columns)
    {
        json.WriteStartArray("columns");
        foreach (var column in columns)
        {
            json.WriteStartObject();
            json.WriteString("name", column.Name);
            json.WriteString("type", column.Type);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteSummary(Utf8JsonWriter json, QuerySummary summary)
    {
        json.WriteNumber("row_count", summary.RowCount);
        json.WriteBoolean("truncated", summary.Truncated);
        json.WriteNumber("elapsed_ms", summary.ElapsedMs);
    }

    public static void WriteInteger(Utf8JsonWriter json, long number)
    {
        if (number is <= MaxExact and >= -MaxExact)
        {
            json.WriteNumberValue(number);
        }
        else
        {
            json.WriteStringValue(number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>JSON as JSON, on one line; what this platform's reader does not take (too deep, half a surrogate pair) as text.</summary>
    public static void WriteJson(Utf8JsonWriter json, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            json.WriteRawValue(JsonSerializer.SerializeToUtf8Bytes(document.RootElement), skipInputValidation: true);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            json.WriteStringValue(text);
        }
    }
}
