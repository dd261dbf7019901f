using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Tokens;

/// <summary>How often keys are replaced. Text, so that a wrong value becomes a sentence.</summary>
internal sealed class SigningKeysOptions
{
    public const string Section = "SigningKeys";

    /// <summary>How long a key signs, in days: 1 to 365.</summary>
    public string RotationDays { get; set; } = "90";

    /// <summary>How long before it signs a key is published, in minutes: 15 to 1440. Every service must have fetched it by then.</summary>
    public string PublishLeadMinutes { get; set; } = "15";

    public TimeSpan Rotation => TimeSpan.FromDays(TokensOptions.Number(RotationDays));

    public TimeSpan PublishLead => TimeSpan.FromMinutes(TokensOptions.Number(PublishLeadMinutes));
}

internal sealed class SigningKeysOptionsValidator : IValidateOptions<SigningKeysOptions>
{
    public ValidateOptionsResult Validate(string? name, SigningKeysOptions options)
    {
        List<string> failures = [];
        if (TokensOptions.Number(options.RotationDays) is < 1 or > 365)
        {
            failures.Add($"SigningKeys__RotationDays is '{options.RotationDays}', but must be a whole number from 1 to 365.");
        }

        if (TokensOptions.Number(options.PublishLeadMinutes) is < 15 or > 1440)
        {
            failures.Add($"SigningKeys__PublishLeadMinutes is '{options.PublishLeadMinutes}', but must be a whole number from 15 to 1440.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
