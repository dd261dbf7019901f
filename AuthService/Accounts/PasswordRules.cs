namespace McpPlatform.AuthService.Accounts;

/// <summary>
/// OWASP ASVS 5 section 6.2: long enough, not common, not guessable from the account or the product; any characters, no composition rules, nothing cut off.
/// </summary>
internal static class PasswordRules
{
    public const int MinLength = 12;
    public const int MaxLength = 1024;

    private const int LongLength = 20;

    // Shorter names stand in any text.
    private const int MinNameLength = 4;

    private static readonly string[] ProductNames = ["mcpplatform"];

    /// <summary>Checks a new password.</summary>
    /// <param name="password">As it was typed.</param>
    /// <param name="username">The account's canonical name.</param>
    /// <param name="email">The account's address, if it has one.</param>
    /// <returns>One sentence that says what is wrong, or null.</returns>
    public static string? Check(string password, string username, string? email = null)
    {
        if (password.Length is < MinLength or > MaxLength)
        {
            return password.Length < MinLength
                ? $"The password must have at least {MinLength} characters."
                : $"The password must have at most {MaxLength} characters.";
        }

        if (Names(username, email).Any(name => IsMadeOf(password, name)))
        {
            return "The password must not be made of the username or the address.";
        }

        if (ProductNames.Any(name => IsMadeOf(password, name)))
        {
            return "The password must not be made of the product's name.";
        }

        // A long one may be of any composition (ASVS 6.2.5).
        return password.Length < LongLength && password.Distinct().Count() < 5 ? "The password must have at least five different characters."
            : CommonPasswords.Contains(password) ? "The password is one of the most common ones, or one with little added: choose another."
            : null;
    }

    private static IEnumerable<string> Names(string username, string? email) =>
        new[] { username, username.Split('@')[0], email, email?.Split('@')[0] }.Select(name => Letters(name ?? string.Empty)).Where(name => name.Length >= MinNameLength);

    // The name with less around it than a password needs by itself; signs between its letters hide nothing.
    private static bool IsMadeOf(string password, string name) =>
        password.Length < name.Length + MinLength && Letters(password).Contains(name, StringComparison.OrdinalIgnoreCase);

    private static string Letters(string text) => string.Concat(text.Where(char.IsLetterOrDigit));
}
