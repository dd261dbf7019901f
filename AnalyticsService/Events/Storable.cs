using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>Makes what a client may have sent (paths, names, user agents) acceptable to PostgreSQL, changing as little as possible.</summary>
internal static partial class Storable
{
    /// <summary>The longest JSON value that is kept, in characters.</summary>
    public const int MaxJsonLength = 64 * 1024;

    private const char Replacement = '\uFFFD';

    /// <summary>Cut at <paramref name="maxLength"/>; NUL and halves of surrogate pairs, which UTF-8 text in PostgreSQL cannot hold, replaced by U+FFFD.</summary>
    public static string? Text(string? text, int maxLength)
    {
        if (text is null)
        {
            return null;
        }

        var cut = text.Length <= maxLength ? text : text[..(char.IsHighSurrogate(text[maxLength - 1]) ? maxLength - 1 : maxLength)];
        return IsStorable(cut) ? cut : Replace(cut);
    }

    /// <summary>JSON readers write an overlong number as infinity, which JSON writers then refuse.</summary>
    public static double? Number(double? number) => number is { } value && !double.IsFinite(value) ? 0 : number;

    /// <summary>The value's text; a marker in its place when it is too long.</summary>
    public static string? Json(JsonElement? json)
    {
        if (json is not { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null) } value)
        {
            return null;
        }

        var text = value.GetRawText();
        return text.Length > MaxJsonLength
            ? $$"""{"truncated": true, "length": {{text.Length}}}"""
            : Escapes().Replace(Text(text, MaxJsonLength)!, match => match.Groups["refused"].Success ? "\\ufffd" : match.Value);
    }

    private static bool IsStorable(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            // The enumerator gives U+FFFD for a half of a pair; a text that holds a real one is replaced by itself.
            if (rune.Value is 0 or Replacement)
            {
                return false;
            }
        }

        return true;
    }

    private static string Replace(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }

        return result.ToString();
    }

    // jsonb refuses \u0000 and lone surrogates; an escaped backslash and a whole pair are passed over so that neither is mistaken.
    [GeneratedRegex(@"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?<refused>\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2})", RegexOptions.None, 1000)]
    private static partial Regex Escapes();
}
