using System.Text.Json;

namespace McpPlatform.McpService.Definitions;

/// <summary>One difference between two definitions.</summary>
/// <param name="Path">Where, as a JSON Pointer (RFC 6901).</param>
/// <param name="Kind"><c>added</c>, <c>removed</c> or <c>changed</c>.</param>
/// <param name="Old">What was there.</param>
/// <param name="New">What is there.</param>
internal sealed record DefinitionChange(string Path, string Kind, JsonElement? Old, JsonElement? New);

/// <summary>What a person has to look at to decide on a change.</summary>
internal static class DefinitionDiff
{
    /// <summary>All differences, in the order of their paths; the order of keys and white space are none.</summary>
    public static IReadOnlyList<DefinitionChange> Between(JsonElement before, JsonElement after)
    {
        List<DefinitionChange> changes = [];
        Compare(changes, string.Empty, before, after);
        return changes;
    }

    private static void Compare(List<DefinitionChange> changes, string path, JsonElement before, JsonElement after)
    {
        if (before.ValueKind == JsonValueKind.Object && after.ValueKind == JsonValueKind.Object)
        {
            var (old, now) = (Members(before), Members(after));
            foreach (var name in old.Keys.Union(now.Keys).Order(StringComparer.Ordinal))
            {
                Compare(changes, $"{path}/{Escape(name)}", old.TryGetValue(name, out var was) ? was : null, now.TryGetValue(name, out var now_) ? now_ : null);
            }
        }
        else if (before.ValueKind == JsonValueKind.Array && after.ValueKind == JsonValueKind.Array)
        {
            var (old, now) = (before.EnumerateArray().ToList(), after.EnumerateArray().ToList());
            for (var i = 0; i < Math.Max(old.Count, now.Count); i++)
            {
                Compare(changes, $"{path}/{i}", i < old.Count ? old[i] : null, i < now.Count ? now[i] : null);
            }
        }
        else if (!Same(before, after))
        {
            changes.Add(new(path, "changed", before, after));
        }
    }

    private static void Compare(List<DefinitionChange> changes, string path, JsonElement? before, JsonElement? after)
    {
        switch (before, after)
        {
            case ({ } old, { } now):
                Compare(changes, path, old, now);
                break;
            case ({ } old, null):
                changes.Add(new(path, "removed", old, null));
                break;
            case (null, { } now):
                changes.Add(new(path, "added", null, now));
                break;
        }
    }

    private static Dictionary<string, JsonElement> Members(JsonElement element) => element.EnumerateObject().ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal);

    private static bool Same(JsonElement before, JsonElement after) => before.ValueKind == after.ValueKind && before.ValueKind switch
    {
        JsonValueKind.String => before.GetString() == after.GetString(),
        JsonValueKind.Number => before.GetRawText() == after.GetRawText(),
        _ => true,
    };

    private static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
