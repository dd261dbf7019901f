using System.Globalization;
using System.Text;

namespace McpPlatform.AuthService.Accounts;

/// <summary>One spelling of each name, so that no two accounts look the same.</summary>
internal static class Usernames
{
    public const int MaxLength = 64;
    public const string UniqueIndex = "ix_users_normalized_user_name";

    /// <summary>What is allowed, for error messages.</summary>
    public const string Rule =
        "The username must have 1 to 64 letters, digits, . _ - + @ ' or single spaces between them, no invisible characters, and letters of one alphabet that are not taken for another's.";

    // What is no letter, mark or digit. No slash, colon or star: names stand in resource texts, where those have a meaning.
    private const string Punctuation = "._-+@'";

    /// <summary>The canonical form: NFKC, lower case.</summary>
    /// <param name="username">As it was typed.</param>
    /// <param name="canonical">The form that is stored and compared.</param>
    /// <returns>False when the name is not allowed.</returns>
    public static bool TryCanonicalize(string? username, out string canonical)
    {
        canonical = string.Empty;
        if (string.IsNullOrEmpty(username) || username.Length > 4 * MaxLength || !IsText(username) || username.EnumerateRunes().Any(IsInvisible))
        {
            return false;
        }

        canonical = Fold(username);
        if (canonical.Length is 0 or > MaxLength || Fold(canonical) != canonical || !IsWellFormed(canonical) || Confusables.LooksLikeAnother(canonical))
        {
            canonical = string.Empty;
            return false;
        }

        return true;
    }

    private static string Fold(string name) => name.Normalize(NormalizationForm.FormKC).ToLowerInvariant().Normalize(NormalizationForm.FormKC);

    // Half a surrogate pair alone is no text, and cannot even be normalised.
    private static bool IsText(string name)
    {
        foreach (var rune in name.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsWellFormed(string name)
    {
        var (marks, afterSpace) = (0, true);
        foreach (var rune in name.Normalize(NormalizationForm.FormD).EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            var isMark = category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
            var isSpace = rune.Value == ' ';
            marks = isMark ? marks + 1 : 0;

            // A heap of marks hides the letter below, and one without a letter joins what stands before the name.
            if (IsInvisible(rune) || marks > 2 || (afterSpace && (isMark || isSpace))
                || !(isMark || isSpace || Rune.IsLetter(rune) || category == UnicodeCategory.DecimalDigitNumber || Punctuation.Contains((char)rune.Value, StringComparison.Ordinal)))
            {
                return false;
            }

            afterSpace = isSpace;
        }

        return !afterSpace;
    }

    // Controls, format characters (bidirectional marks, zero-width joiners), separators, private use, unassigned, and what Unicode says to show as nothing.
    private static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate
        || rune.Value is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x180B or 0x180C or 0x180D or 0x180F or 0x2800 or 0x3164 or 0xFFA0
            or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF);
}
