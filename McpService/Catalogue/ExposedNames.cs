using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using McpPlatform.McpService.Bundles;

namespace McpPlatform.McpService.Catalogue;

/// <summary>
/// What clients call the tools or prompts of several servers. Names have at most 64 characters, which is what model APIs take; a name that is too long, holds
/// other characters or stands twice gets a short form that ends in a part of its hash. It is looked up, never taken apart.
/// </summary>
internal sealed class ExposedNames
{
    public const int MaxLength = 64;
    private const string Separator = "__";
    private const int HashLength = 8;
    private readonly FrozenDictionary<string, ServerItem> items;
    private readonly FrozenDictionary<ServerItem, string> names;

    private ExposedNames(Dictionary<string, ServerItem> items, List<ServerItem> hidden)
    {
        this.items = items.ToFrozenDictionary(StringComparer.Ordinal);
        names = items.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);
        Hidden = hidden;
    }

    /// <summary>What cannot be reached because something before it has its name; only without prefixes.</summary>
    public IReadOnlyList<ServerItem> Hidden { get; }

    /// <summary>What a name means; null when nothing has it.</summary>
    public ServerItem? Find(string name) => items.GetValueOrDefault(name);

    /// <summary>What something is called; null when it is hidden or unknown.</summary>
    public string? Of(ServerItem item) => names.GetValueOrDefault(item);

    /// <summary>Names items. The result depends on the items and their order alone.</summary>
    public static ExposedNames Of(string prefix, IEnumerable<ServerItem> items)
    {
        var all = items.Distinct().ToList();
        var shared = all.GroupBy(item => item.Name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key).ToHashSet(StringComparer.Ordinal);
        Dictionary<string, ServerItem> named = new(StringComparer.Ordinal);
        List<ServerItem> hidden = [];
        foreach (var item in all)
        {
            var isPrefixed = prefix == Prefixes.Always || (prefix == Prefixes.OnConflict && shared.Contains(item.Name));
            var name = Fit(isPrefixed ? item.Server + Separator + item.Name : item.Name, item);
            if (named.TryAdd(name, item))
            {
                continue;
            }

            // A prefixed name can meet a name that looks like one.
            if (prefix == Prefixes.Never || !named.TryAdd(Shorten(name, item), item))
            {
                hidden.Add(item);
            }
        }

        return new(named, hidden);
    }

    private static string Fit(string name, ServerItem item) => name.Length <= MaxLength && name.All(IsPlain) ? name : Shorten(name, item);

    private static string Shorten(string name, ServerItem item)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{item.Server}\0{item.Name}")))[..HashLength];
        var plain = new string([.. name.Select(character => IsPlain(character) ? character : '_')]);
        return $"{plain[..Math.Min(plain.Length, MaxLength - HashLength - 1)]}_{hash}";
    }

    // What the specification names for tools; the slash is an older custom that servers have.
    private static bool IsPlain(char character) => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.' or '/';
}
