namespace McpPlatform.UserService.Access;

/// <summary>Names of roles and teams: what stands in tokens, addresses and rules has one spelling.</summary>
internal static class Slugs
{
    public const int MaxLength = 64;

    public const string Pattern = "^[a-z0-9]+([._-][a-z0-9]+)*$";

    public const string Sentence = "name must have 1 to 64 small letters and digits, with single - . _ between them.";

    /// <summary>What cannot be a name is none, and needs no query: PostgreSQL would not even take a NUL as a question.</summary>
    public static bool IsSlug(string? name)
    {
        if (name is not { Length: > 0 and <= MaxLength })
        {
            return false;
        }

        var afterSeparator = true;
        foreach (var character in name)
        {
            var isSeparator = character is '.' or '_' or '-';
            if (!(char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || (isSeparator && !afterSeparator)))
            {
                return false;
            }

            afterSeparator = isSeparator;
        }

        return !afterSeparator;
    }
}
