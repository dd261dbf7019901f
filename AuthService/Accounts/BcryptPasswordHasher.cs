using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Accounts;

/// <summary>How passwords are stored.</summary>
internal sealed class PasswordsOptions
{
    public const string Section = "Passwords";

    /// <summary>bcrypt's cost: 2^cost rounds. 10 to 15; 12 takes about a fifth of a second. Text, so that a wrong value becomes a sentence.</summary>
    public string BcryptCost { get; set; } = "12";

    /// <summary>The same as a number; 0 when it is none.</summary>
    public int Cost => int.TryParse(BcryptCost, NumberStyles.None, CultureInfo.InvariantCulture, out var cost) ? cost : 0;
}

internal sealed class PasswordsOptionsValidator : IValidateOptions<PasswordsOptions>
{
    public ValidateOptionsResult Validate(string? name, PasswordsOptions options) => options.Cost is >= 10 and <= 15
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"Passwords__BcryptCost is '{options.BcryptCost}', but must be a whole number from 10 to 15.");
}

/// <summary>bcrypt, with any length of password and hashes of other systems.</summary>
internal sealed class BcryptPasswordHasher(IOptions<PasswordsOptions> options) : IPasswordHasher<Account>
{
    /// <summary>bcrypt reads no further.</summary>
    private const int BcryptBytes = 72;

    /// <summary>A planted hash of a higher cost would burn the processor at each login.</summary>
    private const int MaxVerifiedCost = 15;

    private static readonly byte[] LongPasswordContext = "McpPlatform long password v1"u8.ToArray();
    private readonly int cost = options.Value.Cost;

    public string HashPassword(Account user, string password) => BCrypt.Net.BCrypt.HashPassword(Fit(password), cost);

    public PasswordVerificationResult VerifyHashedPassword(Account user, string hashedPassword, string providedPassword)
    {
        if (CostOf(hashedPassword) is not { } hashed || hashed > MaxVerifiedCost)
        {
            return PasswordVerificationResult.Failed;
        }

        try
        {
            return !BCrypt.Net.BCrypt.Verify(Fit(providedPassword), hashedPassword) ? PasswordVerificationResult.Failed
                : hashed == cost ? PasswordVerificationResult.Success
                : PasswordVerificationResult.SuccessRehashNeeded;
        }
        catch (Exception exception) when (exception is BCrypt.Net.SaltParseException or BCrypt.Net.HashInformationException or ArgumentException)
        {
            return PasswordVerificationResult.Failed;
        }
    }

    // Up to 72 bytes plain, so that hashes of other systems verify; longer ones through a digest that keeps every byte.
    private static string Fit(string password)
    {
        var bytes = Encoding.UTF8.GetBytes(password);
        return bytes.Length <= BcryptBytes ? password : Convert.ToBase64String(HMACSHA384.HashData(LongPasswordContext, bytes));
    }

    private static int? CostOf(string hash) =>
        hash.Length == 60 && hash[0] == '$' && hash[1] == '2' && hash[3] == '$' && int.TryParse(hash.AsSpan(4, 2), out var cost) ? cost : null;
}
