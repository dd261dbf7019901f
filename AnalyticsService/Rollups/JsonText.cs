using System.Text.Json;

namespace McpPlatform.AnalyticsService.Rollups;

/// <summary>Values that are several ones: an array of JSON, as PostgreSQL writes it.</summary>
internal static class JsonText
{
    /// <summary>The parts, one behind the other; the text itself when it is no such value.</summary>
    public static string Label(string value)
    {
        try
        {
            return string.Join(' ', Parts(value).Where(part => part is not null));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return value;
        }
    }

    /// <summary>The parts; null where there is none.</summary>
    public static IReadOnlyList<string?> Parts(string value)
    {
        using var document = JsonDocument.Parse(value);
        return [.. document.RootElement.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.Null ? null : part.ToString())];
    }
}
