using System.Collections.Frozen;

namespace McpPlatform.AuthService.Accounts;

/// <summary>
/// The passwords that are tried first (ASVS 6.2.4): a list of 49,000, those of twelve characters and more made of them, and walks along the keyboard. Where the
/// list comes from stands at its beginning.
/// </summary>
internal static class CommonPasswords
{
    // What is added to a common password must be this long to count as one's own.
    private const int MinAdded = 8;

    // A word of fewer letters is no password that somebody started with.
    private const int MinCore = 4;

    private static readonly string[] Walks =
    [
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "01234567890123456789012345678901234567890", "qwertyuiopasdfghjklzxcvbnm",
        "1234567890qwertyuiopasdfghjklzxcvbnm", "qazwsxedcrfvtgbyhnujmikolp", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    ];

    private static readonly Lazy<FrozenSet<string>> List = new(Read);

    public static int Count => List.Value.Count;

    /// <summary>Whether a password is common, or a common one with little around it, or repeated. Without case.</summary>
    public static bool Contains(string password)
    {
        var lower = password.ToLowerInvariant();
        return IsCommon(lower) || IsCommon(Unit(lower)) || Walks.Any(walk => IsWalk(walk, lower));
    }

    private static bool IsCommon(string lower)
    {
        if (List.Value.Contains(lower))
        {
            return true;
        }

        // password2026!!, 123password
        var core = lower.AsSpan().Trim(Added);
        return core.Length >= MinCore && lower.Length - core.Length < MinAdded && List.Value.GetAlternateLookup<ReadOnlySpan<char>>().Contains(core);
    }

    // passwordpassword, abc123abc123: what is repeated is all there is to guess.
    private static string Unit(string text)
    {
        for (var length = 1; length <= text.Length / 2; length++)
        {
            if (text.Length % length == 0 && text.AsSpan(length).SequenceEqual(text.AsSpan(0, text.Length - length)))
            {
                return text[..length];
            }
        }

        return text;
    }

    private static bool IsWalk(string walk, string text) =>
        walk.Contains(text, StringComparison.Ordinal) || walk.Contains(new string([.. text.Reverse()]), StringComparison.Ordinal);

    private const string Added = "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    private static FrozenSet<string> Read()
    {
        using var reader = new StreamReader(typeof(CommonPasswords).Assembly.GetManifestResourceStream("common-passwords.txt")!);
        HashSet<string> passwords = new(60_000, StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                passwords.Add(line);
            }
        }

        return passwords.ToFrozenSet(StringComparer.Ordinal);
    }
}
