using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace McpPlatform.AuthService.External;

/// <summary>Other places to log in: OpenID Connect providers, by the name that stands in their addresses here.</summary>
internal sealed class ExternalLoginsOptions
{
    public const string Section = "ExternalLogins";

    public Dictionary<string, ExternalProvider> Providers { get; } = new(StringComparer.Ordinal);
}

/// <summary>One of them.</summary>
internal sealed class ExternalProvider
{
    /// <summary>The provider's issuer; its discovery document lies below it.</summary>
    public string Authority { get; set; } = string.Empty;

    public string ClientId { get; set; } = string.Empty;

    /// <summary>Empty for a public client, which PKCE protects.</summary>
    public string ClientSecret { get; set; } = string.Empty;

    /// <summary>What the button says; the name when it is empty.</summary>
    public string DisplayName { get; set; } = string.Empty;

    /// <summary>Separated by spaces; <c>openid</c> among them.</summary>
    public string Scopes { get; set; } = "openid profile email";

    /// <summary><c>true</c>: somebody who comes for the first time gets an account with the role <c>user</c>. Else they link one that they have.</summary>
    public string CreateUsers { get; set; } = "false";

    public bool MayCreateUsers => bool.TryParse(CreateUsers, out var may) && may;
}

internal sealed partial class ExternalLoginsOptionsValidator : IValidateOptions<ExternalLoginsOptions>
{
    public ValidateOptionsResult Validate(string? name, ExternalLoginsOptions options)
    {
        var failures = options.Providers.SelectMany(provider => Faults($"{ExternalLoginsOptions.Section}__{provider.Key}", provider.Key, provider.Value)).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Faults(string key, string name, ExternalProvider provider)
    {
        if (!Name().IsMatch(name))
        {
            yield return $"{key} is not a name for a provider, which must be 1 to 32 lower-case letters, digits and hyphens.";
        }

        if (!Uri.TryCreate(provider.Authority, UriKind.Absolute, out var authority) || !(authority.Scheme == "https" || (authority.Scheme == "http" && authority.IsLoopback)))
        {
            yield return $"{key}__Authority is '{provider.Authority}', but must be the https address of the provider's issuer.";
        }

        if (provider.ClientId.Length == 0)
        {
            yield return $"{key}__ClientId is empty, but must be the id that the provider gave to this platform.";
        }

        if (!provider.Scopes.Split(' ').Contains("openid", StringComparer.Ordinal))
        {
            yield return $"{key}__Scopes is '{provider.Scopes}', but must be scopes separated by spaces, with openid among them.";
        }

        if (!bool.TryParse(provider.CreateUsers, out _))
        {
            yield return $"{key}__CreateUsers is '{provider.CreateUsers}', but must be true or false.";
        }
    }

    [GeneratedRegex(@"\A[a-z0-9-]{1,32}\z")]
    private static partial Regex Name();
}
