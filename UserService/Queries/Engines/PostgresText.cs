using System.Globalization;
using System.Text;
using System.Text.Json;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>PostgreSQL's text form of values, from JSON and to JSON.</summary>
internal static class PostgresText
{
    private const int MaxDimensions = 6;

    /// <summary>A parameter as the server reads it: a JSON array becomes an array, an object its JSON text.</summary>
    public static string? Parameter(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Array => "{" + string.Join(',', value.EnumerateArray().Select(Element)) + "}",
        _ => value.GetRawText(),
    };

    /// <summary>Writes a value that came whole.</summary>
    public static void Write(Utf8JsonWriter json, string text, PostgresColumn column)
    {
        if (column.Delimiter is { } delimiter && ReadArray(text, delimiter) is { } elements)
        {
            WriteArray(json, elements, column.Shape);
        }
        else
        {
            WriteScalar(json, text, column.Delimiter is null ? column.Shape : PostgresShape.Text);
        }
    }

    private static void WriteScalar(Utf8JsonWriter json, string text, PostgresShape shape)
    {
        switch (shape)
        {
            case PostgresShape.Boolean when text is "t" or "f":
                json.WriteBooleanValue(text == "t");
                break;
            case PostgresShape.Integer when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number):
                JsonCells.WriteInteger(json, number);
                break;
            case PostgresShape.Float when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && text.AsSpan().IndexOfAny("Ni") < 0:
                json.WriteRawValue(text);
                break;
            case PostgresShape.Json:
                JsonCells.WriteJson(json, text);
                break;
            case PostgresShape.Bytes when text.StartsWith("\\x", StringComparison.Ordinal):
                json.WriteBase64StringValue(Convert.FromHexString(text.AsSpan(2)));
                break;
            case PostgresShape.Timestamp:
                json.WriteStringValue(Timestamp(text));
                break;
            default:
                json.WriteStringValue(text);
                break;
        }
    }

    // "2026-11-23 10:00:00+00" as ISO 8601 writes it. Infinity and the time before Christ stay as they are: ISO has no notation for them that others read.
    private static string Timestamp(string text)
    {
        var blank = text.IndexOf(' ', StringComparison.Ordinal);
        if (blank < 0 || text.EndsWith("BC", StringComparison.Ordinal))
        {
            return text;
        }

        var iso = string.Concat(text.AsSpan(0, blank), "T", text.AsSpan(blank + 1));
        return iso.EndsWith("+00", StringComparison.Ordinal) ? string.Concat(iso.AsSpan(0, iso.Length - 3), "Z") : iso;
    }

    private static string Element(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "NULL",
        JsonValueKind.Array => Parameter(value)!,
        _ => "\"" + Parameter(value)!.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"",
    };

    private static void WriteArray(Utf8JsonWriter json, List<object?> elements, PostgresShape shape)
    {
        json.WriteStartArray();
        foreach (var element in elements)
        {
            switch (element)
            {
                case null:
                    json.WriteNullValue();
                    break;
                case List<object?> inner:
                    WriteArray(json, inner, shape);
                    break;
                default:
                    WriteScalar(json, (string)element, shape);
                    break;
            }
        }

        json.WriteEndArray();
    }

    // The literal of an array (documentation, 8.15.6); null when it is none, or deeper than PostgreSQL has them.
    private static List<object?>? ReadArray(string text, char delimiter)
    {
        // [2:3]={a,b}: where counting begins is not told in JSON.
        var at = text.StartsWith('[') ? text.IndexOf('=', StringComparison.Ordinal) + 1 : 0;
        return ReadLevel(text, ref at, delimiter, 1) is { } elements && at == text.Length ? elements : null;
    }

    private static List<object?>? ReadLevel(string text, ref int at, char delimiter, int depth)
    {
        if (depth > MaxDimensions || at >= text.Length || text[at] != '{')
        {
            return null;
        }

        List<object?> elements = [];
        at++;
        while (at < text.Length && text[at] != '}')
        {
            if (text[at] == '{')
            {
                if (ReadLevel(text, ref at, delimiter, depth + 1) is not { } inner)
                {
                    return null;
                }

                elements.Add(inner);
            }
            else
            {
                elements.Add(ReadElement(text, ref at, delimiter));
            }

            if (at < text.Length && text[at] == delimiter)
            {
                at++;
            }
        }

        return at++ < text.Length ? elements : null;
    }

    private static string? ReadElement(string text, ref int at, char delimiter)
    {
        var quoted = text[at] == '"';
        var value = new StringBuilder();
        at += quoted ? 1 : 0;
        while (at < text.Length && (quoted ? text[at] != '"' : text[at] != delimiter && text[at] != '}'))
        {
            at += text[at] == '\\' && at + 1 < text.Length ? 1 : 0;
            value.Append(text[at++]);
        }

        at += quoted ? 1 : 0;
        return !quoted && value.Equals("NULL") ? null : value.ToString();
    }
}
