using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Accounts;

/// <summary>How this service proves to AuthService who it is (RFC 6749 section 4.4).</summary>
internal sealed class AccountsOptions
{
    /// <summary>Beside the settings of <see cref="PlatformAuthenticationOptions"/>.</summary>
    public const string Section = PlatformAuthenticationOptions.Section;

    /// <summary>The name under which AuthService knows this service.</summary>
    public const string ClientId = "userservice";

    /// <summary>The secret that AuthService knows for it. Required.</summary>
    public string ClientSecret { get; set; } = string.Empty;
}

internal sealed class AccountsOptionsValidator : IValidateOptions<AccountsOptions>
{
    private const int MinLength = 16;

    public ValidateOptionsResult Validate(string? name, AccountsOptions options) => options.ClientSecret.Length >= MinLength
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail(
            $"Authentication__ClientSecret is {(options.ClientSecret.Length == 0 ? "not set" : "too short")}, but must be the secret of at least {MinLength} characters that AuthService has for the client '{AccountsOptions.ClientId}'.");
}
