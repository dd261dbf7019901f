using McpPlatform.ServiceDefaults.Authentication;
using Microsoft.Extensions.Options;

namespace McpPlatform.Gateway.ApiKeys;

/// <summary>How the Gateway proves to AuthService that it may exchange API keys (RFC 6749 section 2.3.1).</summary>
internal sealed class ApiKeyOptions
{
    /// <summary>Beside the settings of <see cref="PlatformAuthenticationOptions"/>.</summary>
    public const string Section = PlatformAuthenticationOptions.Section;

    /// <summary>The name under which AuthService knows the Gateway.</summary>
    public const string ClientId = "gateway";

    /// <summary>The secret that AuthService knows for it. Required.</summary>
    public string ClientSecret { get; set; } = string.Empty;
}

internal sealed class ApiKeyOptionsValidator : IValidateOptions<ApiKeyOptions>
{
    private const int MinLength = 16;

    public ValidateOptionsResult Validate(string? name, ApiKeyOptions options) => options.ClientSecret.Length >= MinLength
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail(
            $"Authentication__ClientSecret is {(options.ClientSecret.Length == 0 ? "not set" : "too short")}, but must be the secret of at least {MinLength} characters that AuthService has for the client '{ApiKeyOptions.ClientId}'.");
}
