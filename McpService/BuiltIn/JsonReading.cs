using System.Text.Json;

namespace McpPlatform.McpService.BuiltIn;

/// <summary>Reads what another product wrote: whatever is missing or of another type is nothing.</summary>
internal static class JsonReading
{
    public static JsonElement? At(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? TextAt(this JsonElement json, string name) => json.At(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    public static long? NumberAt(this JsonElement json, string name) => json.At(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    public static bool FlagAt(this JsonElement json, string name) => json.At(name) is { ValueKind: JsonValueKind.True };

    public static IEnumerable<JsonElement> ItemsAt(this JsonElement json, string name) => json.At(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    public static string Cut(this string text, int length) => text.Length <= length ? text
        : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[length - 1]) ? length - 1 : length), "…");
}
