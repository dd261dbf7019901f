namespace McpPlatform.AuthService.Accounts;

/// <summary>OWASP ASVS 5 section 6.2: long enough, not guessable from the account, any characters, no composition rules.</summary>
internal static class PasswordRules
{
    public const int MinLength = 12;
    public const int MaxLength = 1024;

    /// <summary>Checks a new password.</summary>
    /// <returns>One sentence that says what is wrong, or null.</returns>
    public static string? Check(string password, string username) => password switch
    {
        { Length: < MinLength } => $"The password must have at least {MinLength} characters.",
        { Length: > MaxLength } => $"The password must have at most {MaxLength} characters.",
        _ when password.Contains(username, StringComparison.OrdinalIgnoreCase) && password.Length < username.Length + MinLength =>
            "The password must not be made of the username.",
        _ when password.Contains("mcpplatform", StringComparison.OrdinalIgnoreCase) && password.Length < "mcpplatform".Length + MinLength =>
            "The password must not be made of the product's name.",
        _ when password.Distinct().Count() < 5 => "The password must have at least five different characters.",
        _ => null,
    };
}
