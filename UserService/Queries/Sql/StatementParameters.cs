using System.Globalization;
using System.Text;
using System.Text.Json;

namespace McpPlatform.UserService.Queries.Sql;

/// <summary>A statement with the values of its parameters in the order in which its places name them. The values never become part of the text.</summary>
/// <param name="Statement">What it is.</param>
/// <param name="Text">For the server, with places in its own notation.</param>
/// <param name="Values">JSON scalars and arrays.</param>
internal sealed record BoundStatement(Statement Statement, string Text, IReadOnlyList<JsonElement> Values);

/// <summary>Binds values by position (a JSON array) or by name (a JSON object).</summary>
internal static class StatementParameters
{
    /// <summary>The most values that a statement may have.</summary>
    public const int Max = 200;

    /// <param name="statement">The statement.</param>
    /// <param name="parameters">An array, an object, or nothing.</param>
    /// <param name="place">How the server writes the place of the value with this number (from 1).</param>
    /// <exception cref="StatementRefusedException">A place has no value, or a value no place.</exception>
    public static BoundStatement Bind(Statement statement, JsonElement? parameters, Func<int, string> place)
    {
        List<JsonElement> given = parameters is { ValueKind: JsonValueKind.Array } array ? [.. array.EnumerateArray()] : [];
        var named = parameters is { ValueKind: JsonValueKind.Object } json ? json : (JsonElement?)null;
        var (text, values, numbers, question, end) = (new StringBuilder(statement.Text.Length), new List<JsonElement>(given), new Dictionary<string, int>(StringComparer.Ordinal), 0, 0);
        var used = new HashSet<int>();
        foreach (var token in statement.Tokens.Where(token => token.Kind == TokenKind.Parameter))
        {
            var number = token.Exact switch
            {
                "?" => ++question,
                ['@', 'p' or 'P', .. var position] when named is null && Position(position) > 0 => Position(position),
                [':' or '@', .. var name] => NumberOf(name),
                _ => Position(token.Exact),
            };
            if (number < 1 || number > values.Count)
            {
                throw new StatementRefusedException($"There is no value for parameter {token.Exact} in parameters.");
            }

            used.Add(number);
            text.Append(statement.Text, end, token.Start - end).Append(place(number));
            end = token.End;
        }

        return used.Count < given.Count
            ? throw new StatementRefusedException($"parameters has {given.Count} values, but the statement has places for {used.Count}.")
            : new(statement, text.Append(statement.Text, end, statement.Text.Length - end).ToString(), values);

        int NumberOf(string name)
        {
            if (!numbers.TryGetValue(name, out var number))
            {
                if (named is not { } values0 || !values0.TryGetProperty(name, out var value))
                {
                    throw new StatementRefusedException($"There is no value for parameter {name} in parameters; where none is meant, put a blank before {name}.");
                }

                values.Add(value);
                numbers[name] = number = values.Count;
            }

            return number;
        }
    }

    /// <summary>Whether these are values that a statement can have.</summary>
    public static bool AreGood(JsonElement? parameters) => parameters switch
    {
        null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } => true,
        { ValueKind: JsonValueKind.Array } array => array.GetArrayLength() <= Max && array.EnumerateArray().All(value => IsGood(value, 0)),
        { ValueKind: JsonValueKind.Object } json => json.EnumerateObject().Count() <= Max && json.EnumerateObject().All(value => IsGood(value.Value, 0)),
        _ => false,
    };

    private static bool IsGood(JsonElement value, int depth) => value.ValueKind switch
    {
        JsonValueKind.Array => depth < 6 && value.EnumerateArray().All(element => IsGood(element, depth + 1)),
        JsonValueKind.Object => false,
        JsonValueKind.String => IsText(value),
        _ => true,
    };

    // No NUL, which databases have no place for, and no half of a surrogate pair, which is no character.
    private static bool IsText(JsonElement value)
    {
        try
        {
            return !value.GetString()!.Contains('\0', StringComparison.Ordinal);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static int Position(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
