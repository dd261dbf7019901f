using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.Bootstrap;

/// <summary>How the first admin proves to be the operator.</summary>
internal sealed class BootstrapOptions
{
    /// <summary>A one-time secret of at least 20 characters; without it nobody can make the first admin.</summary>
    [ConfigurationKeyName("BOOTSTRAP_PASSWORD")]
    public string? Password { get; set; }

    /// <summary>How long after the service first saw the secret it works.</summary>
    public static TimeSpan Lifetime => TimeSpan.FromMinutes(30);
}

internal sealed class BootstrapOptionsValidator : IValidateOptions<BootstrapOptions>
{
    public ValidateOptionsResult Validate(string? name, BootstrapOptions options) => options.Password is null or "" or { Length: >= 20 }
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"BOOTSTRAP_PASSWORD has {options.Password.Length} characters, but must have at least 20, or be unset.");
}
