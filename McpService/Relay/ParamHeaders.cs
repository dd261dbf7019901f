using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// Arguments that a tool's schema wants in HTTP headers, too (<c>x-mcp-header</c>, 2026-07-28): what a client sends is held against the arguments, and what a
/// server gets is made of them. Never copied from one to the other: the header is there to be decided on, and has to say what the body says.
/// </summary>
internal static class ParamHeaders
{
    public const string Prefix = "Mcp-Param-", Keyword = "x-mcp-header";
    private const int MaxDepth = 16;

    /// <summary>The headers for a call.</summary>
    /// <param name="schema">The tool's input schema.</param>
    /// <param name="arguments">The call's arguments.</param>
    /// <returns>Null when the schema asks for none.</returns>
    public static Dictionary<string, string>? For(JsonElement schema, JsonObject? arguments)
    {
        Dictionary<string, string>? headers = null;
        foreach (var (header, value, _) in Walk(schema, arguments, 0))
        {
            if (value is not null && McpHeaderEncoder.ConvertToHeaderValue(value) is { } text)
            {
                (headers ??= new(StringComparer.OrdinalIgnoreCase))[Prefix + header] = text;
            }
        }

        return headers;
    }

    /// <summary>Holds a client's headers against its arguments.</summary>
    /// <returns>What does not fit; null when all does.</returns>
    public static string? FindMismatch(JsonElement schema, JsonObject? arguments, Func<string, string?> header)
    {
        foreach (var (name, value, isInteger) in Walk(schema, arguments, 0))
        {
            var sent = header(Prefix + name);
            if (value is null)
            {
                if (sent is not null)
                {
                    return $"The header {Prefix}{name} stands for an argument that is not there.";
                }
            }
            else if (sent is null)
            {
                return $"The header {Prefix}{name} is missing: the tool wants that argument there, too.";
            }
            else if (!Says(sent, value, isInteger))
            {
                return $"The header {Prefix}{name} does not say what the argument says.";
            }
        }

        return null;
    }

    /// <summary>Whether the schema uses the keyword as the specification allows; a tool that does not is not offered.</summary>
    public static bool AreLegal(JsonElement schema)
    {
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        return AreLegal(schema, seen, isProperty: false, 0);
    }

    private static bool AreLegal(JsonElement schema, HashSet<string> seen, bool isProperty, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object || depth > MaxDepth)
        {
            return true;
        }

        if (schema.TryGetProperty(Keyword, out var keyword)
            && (!isProperty || keyword.ValueKind != JsonValueKind.String || !IsToken(keyword.GetString()!) || !seen.Add(keyword.GetString()!)
                || !schema.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String || type.GetString() is not ("string" or "integer" or "boolean")))
        {
            return false;
        }

        return !schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object
            || properties.EnumerateObject().All(property => AreLegal(property.Value, seen, isProperty: true, depth + 1));
    }

    private static IEnumerable<(string Header, JsonNode? Value, bool IsInteger)> Walk(JsonElement schema, JsonObject? arguments, int depth)
    {
        if (depth > MaxDepth || schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object)
        {
            yield break;
        }

        foreach (var property in properties.EnumerateObject())
        {
            var value = arguments?[property.Name];
            if (property.Value.ValueKind == JsonValueKind.Object && property.Value.TryGetProperty(Keyword, out var keyword) && keyword.ValueKind == JsonValueKind.String)
            {
                yield return (keyword.GetString()!, value, property.Value.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() == "integer");
            }

            foreach (var inner in Walk(property.Value, value as JsonObject, depth + 1))
            {
                yield return inner;
            }
        }
    }

    private static bool Says(string header, JsonNode value, bool isInteger)
    {
        if (McpHeaderEncoder.DecodeValue(header) is not { } text || value is not JsonValue scalar)
        {
            return false;
        }

        // 42 and 42.0 are one integer.
        return scalar.GetValueKind() switch
        {
            JsonValueKind.String => text == scalar.GetValue<string>(),
            JsonValueKind.True or JsonValueKind.False => text == (scalar.GetValueKind() == JsonValueKind.True ? "true" : "false"),
            JsonValueKind.Number when isInteger => decimal.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign | System.Globalization.NumberStyles.AllowDecimalPoint, null, out var sent)
                && decimal.TryParse(scalar.ToJsonString(), System.Globalization.NumberStyles.Float, null, out var given) && sent == given,
            JsonValueKind.Number => text == scalar.ToJsonString(),
            _ => false,
        };
    }

    private static bool IsToken(string text) =>
        text.Length > 0 && text.All(character => char.IsAsciiLetterOrDigit(character) || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal));
}
