using System.Globalization;
using System.Text;

namespace McpPlatform.AuthService.Accounts;

/// <summary>One spelling of each name, so that no two accounts look the same.</summary>
internal static class Usernames
{
    public const int MaxLength = 64;
    public const string UniqueIndex = "ix_users_normalized_user_name";

    /// <summary>What is allowed, for error messages.</summary>
    public const string Rule = "The username must have 1 to 64 characters, without spaces at its ends, line breaks, or invisible characters.";

    /// <summary>The canonical form: NFKC, lower case.</summary>
    /// <param name="username">As it was typed.</param>
    /// <param name="canonical">The form that is stored and compared.</param>
    /// <returns>False when the name is not allowed.</returns>
    public static bool TryCanonicalize(string? username, out string canonical)
    {
        canonical = string.Empty;
        if (string.IsNullOrEmpty(username) || username.Length > 4 * MaxLength || username.Any(IsInvisible))
        {
            return false;
        }

        canonical = username.Normalize(NormalizationForm.FormKC).ToLowerInvariant();
        return canonical.Length is > 0 and <= MaxLength && canonical == canonical.Trim() && !canonical.Any(IsInvisible);
    }

    // Controls, format characters (bidirectional marks, zero-width joiners), line separators, private use, halves of surrogate pairs alone.
    private static bool IsInvisible(char character) => char.GetUnicodeCategory(character) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
}
