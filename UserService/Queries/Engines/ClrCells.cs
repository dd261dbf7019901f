using System.Globalization;
using System.Text.Json;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>Values that a driver gives as .NET types, from JSON and to JSON.</summary>
internal static class ClrCells
{
    /// <summary>A parameter: integers and fractions keep their digits; an array, which these databases have not, goes as its JSON text.</summary>
    public static object Parameter(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => DBNull.Value,
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number when value.TryGetInt64(out var integer) => integer,
        JsonValueKind.Number when value.TryGetDecimal(out var number) => number,
        JsonValueKind.Number when value.TryGetDouble(out var number) && double.IsFinite(number) => number,
        _ => value.GetRawText(),
    };

    /// <summary>Writes a value.</summary>
    /// <returns>False when it was too long and was cut.</returns>
    public static bool Write(Utf8JsonWriter json, object value, string type, int maxCell)
    {
        switch (value)
        {
            case DBNull:
                json.WriteNullValue();
                return true;
            case bool flag:
                json.WriteBooleanValue(flag);
                return true;
            case sbyte or byte or short or ushort or int or uint or long:
                JsonCells.WriteInteger(json, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                return true;
            case ulong number when number <= long.MaxValue:
                JsonCells.WriteInteger(json, (long)number);
                return true;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                return true;
            case float number when float.IsFinite(number):
                json.WriteNumberValue(number);
                return true;
            case byte[] bytes:
                json.WriteBase64StringValue(bytes.AsSpan(0, Math.Min(bytes.Length, maxCell)));
                return bytes.Length <= maxCell;
            case string text when type == "json" && text.Length <= maxCell:
                JsonCells.WriteJson(json, text);
                return true;
            default:
                return WriteText(json, Text(value, type), maxCell);
        }
    }

    private static string Text(object value, string type) => value switch
    {
        string text => text,
        DateTime date when type == "date" => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        DateTime time => time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture),
        TimeSpan span => $"{(span < TimeSpan.Zero ? "-" : string.Empty)}{Math.Truncate(Math.Abs(span.TotalHours)):00}:{span:mm\\:ss}{(span.Ticks % TimeSpan.TicksPerSecond == 0 ? string.Empty : span.ToString("\\.FFFFFFF", CultureInfo.InvariantCulture))}",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? string.Empty,
    };

    private static bool WriteText(Utf8JsonWriter json, string text, int maxCell)
    {
        if (text.Length <= maxCell)
        {
            json.WriteStringValue(text);
            return true;
        }

        json.WriteStringValue(text.AsSpan(0, maxCell > 0 && char.IsHighSurrogate(text[maxCell - 1]) ? maxCell - 1 : maxCell));
        return false;
    }
}
