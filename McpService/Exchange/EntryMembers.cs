using System.Text.Json;

namespace McpPlatform.McpService.Exchange;

/// <summary>The members of an entry. The first one of a wrong type is the entry's mistake; what is read of it then is nothing.</summary>
internal sealed class EntryMembers(JsonElement entry)
{
    public string? Mistake { get; private set; }

    public bool Has(string name) => Find(name) is not null;

    public string? Text(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : Wrong<string>($"'{name}' must be a text.");

    public bool? Flag(string name) => Find(name) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : WrongFlag(name);

    public string[] Texts(string name) => Find(name) is not { } value ? []
        : value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) ? [.. value.EnumerateArray().Select(item => item.GetString()!)]
        : Wrong<string[]>($"'{name}' must be a list of texts.") ?? [];

    public Dictionary<string, string>? Map(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Any(member => member.Value.ValueKind != JsonValueKind.String))
        {
            return Wrong<Dictionary<string, string>>($"'{name}' must be an object of names and texts.");
        }

        Dictionary<string, string> map = new(StringComparer.Ordinal);
        return value.EnumerateObject().All(member => map.TryAdd(member.Name, member.Value.GetString()!)) ? map
            : Wrong<Dictionary<string, string>>($"'{name}' has a name twice.");
    }

    public EntryMembers Object(string name) => Find(name) is not { } value ? new EntryMembers(default)
        : value.ValueKind == JsonValueKind.Object ? new EntryMembers(value) : new EntryMembers(default) { Mistake = $"'{name}' must be an object." };

    /// <summary>Whether all text in it is text. JSON can hold halves of characters, and U+0000, which no database stores.</summary>
    public static bool IsReadable(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => !value.GetString()!.Contains('\0', StringComparison.Ordinal),
                JsonValueKind.Array => value.EnumerateArray().All(IsReadable),
                JsonValueKind.Object => value.EnumerateObject().All(member => !member.Name.Contains('\0', StringComparison.Ordinal) && IsReadable(member.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private JsonElement? Find(string name) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private T? Wrong<T>(string sentence)
        where T : class
    {
        Mistake ??= sentence;
        return null;
    }

    private bool? WrongFlag(string name)
    {
        Mistake ??= $"'{name}' must be true or false.";
        return null;
    }
}
