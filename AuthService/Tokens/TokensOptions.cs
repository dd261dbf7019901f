using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Tokens;

/// <summary>Lifetimes and secrets of tokens. The names of the first two are those that operators know.</summary>
internal sealed class TokensOptions
{
    /// <summary>How long an access token lives, in minutes: 1 to 1440. Text, like the next, so that a wrong value becomes a sentence.</summary>
    [ConfigurationKeyName("ACCESS_TOKEN_EXPIRE_MINUTES")]
    public string AccessTokenMinutes { get; set; } = "120";

    /// <summary>How long a session lives without being used, in days.</summary>
    [ConfigurationKeyName("REFRESH_TOKEN_EXPIRE_DAYS")]
    public string RefreshTokenDays { get; set; } = "14";

    /// <summary>The secrets of the services that are clients themselves, by name: at least 16 characters each.</summary>
    public Dictionary<string, string> ServiceClients { get; } = new(StringComparer.Ordinal);

    public TimeSpan AccessTokenLifetime => TimeSpan.FromMinutes(Number(AccessTokenMinutes));

    /// <summary>How long a revocation is of use: as long as a token issued just before can live, with the services' clock skew.</summary>
    public TimeSpan RevocationLifetime => AccessTokenLifetime + TimeSpan.FromMinutes(1);

    public TimeSpan RefreshTokenLifetime => TimeSpan.FromDays(Number(RefreshTokenDays));

    /// <summary>A whole number; 0 when it is none.</summary>
    internal static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}

internal sealed class TokensOptionsValidator : IValidateOptions<TokensOptions>
{
    public ValidateOptionsResult Validate(string? name, TokensOptions options)
    {
        List<string> failures = [];
        if (TokensOptions.Number(options.AccessTokenMinutes) is < 1 or > 1440)
        {
            failures.Add($"ACCESS_TOKEN_EXPIRE_MINUTES is '{options.AccessTokenMinutes}', but must be a whole number from 1 to 1440.");
        }

        if (TokensOptions.Number(options.RefreshTokenDays) is < 1 or > 365)
        {
            failures.Add($"REFRESH_TOKEN_EXPIRE_DAYS is '{options.RefreshTokenDays}', but must be a whole number from 1 to 365.");
        }

        failures.AddRange(options.ServiceClients.Where(client => client.Value.Length < 16)
            .Select(client => $"ServiceClients__{client.Key} has {client.Value.Length} characters, but must have at least 16."));
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
