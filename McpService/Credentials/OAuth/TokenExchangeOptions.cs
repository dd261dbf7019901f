using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Credentials.OAuth;

/// <summary>
/// Where callers' tokens of the platform are exchanged for tokens of MCP servers (RFC 8693). Only the operator names such places: whoever gets these tokens can act
/// as their users.
/// </summary>
internal sealed class TokenExchangeOptions
{
    public const string Section = "TokenExchange";

    /// <summary>By a name that registrations of servers use.</summary>
    public Dictionary<string, TokenExchangeEndpoint> Endpoints { get; init; } = new(StringComparer.Ordinal);
}

/// <summary>A token endpoint that knows the platform's tokens.</summary>
internal sealed class TokenExchangeEndpoint
{
    public string? TokenEndpoint { get; set; }

    public string? ClientId { get; set; }

    public string? ClientSecret { get; set; }
}

internal sealed class TokenExchangeOptionsValidator : IValidateOptions<TokenExchangeOptions>
{
    public ValidateOptionsResult Validate(string? name, TokenExchangeOptions options)
    {
        // No value is repeated: it may be a secret in the wrong place.
        var failures = options.Endpoints.Where(pair => !Uri.TryCreate(pair.Value.TokenEndpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri is not { UserInfo: "", Fragment: "" })
            .Select(pair => $"{TokenExchangeOptions.Section}__Endpoints__{pair.Key}__TokenEndpoint must be an absolute http or https address.")
            .Concat(options.Endpoints.Where(pair => string.IsNullOrEmpty(pair.Value.ClientId))
                .Select(pair => $"{TokenExchangeOptions.Section}__Endpoints__{pair.Key}__ClientId must be the platform's client at that endpoint."))
            .ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
