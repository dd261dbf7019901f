using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Authorization;

/// <summary>How freely clients may introduce themselves.</summary>
internal sealed class OAuthOptions
{
    public const string Section = "OAuth";

    /// <summary>How many clients may register from one address in an hour: 1 to 100000. Text, so that a wrong value becomes a sentence.</summary>
    public string RegistrationsPerHour { get; set; } = "60";

    /// <summary>The same as a number; 0 when it is none.</summary>
    public int Registrations => Tokens.TokensOptions.Number(RegistrationsPerHour);
}

internal sealed class OAuthOptionsValidator : IValidateOptions<OAuthOptions>
{
    public ValidateOptionsResult Validate(string? name, OAuthOptions options) => options.Registrations is >= 1 and <= 100_000
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"OAuth__RegistrationsPerHour is '{options.RegistrationsPerHour}', but must be a whole number from 1 to 100000.");
}
