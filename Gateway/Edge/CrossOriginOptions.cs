using Microsoft.Extensions.Options;

namespace McpPlatform.Gateway.Edge;

/// <summary>Whose pages may call the platform from a browser.</summary>
internal sealed class CrossOriginOptions
{
    /// <summary>The key of the configuration, known by this name to operators.</summary>
    public const string Key = "CORS_ORIGINS";

    /// <summary>Origins (scheme, host, port), separated by commas; empty for none but the platform's own.</summary>
    public string Origins { get; set; } = string.Empty;

    public string[] Allowed => Origins.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

internal sealed class CrossOriginOptionsValidator : IValidateOptions<CrossOriginOptions>
{
    public ValidateOptionsResult Validate(string? name, CrossOriginOptions options)
    {
        var failures = options.Allowed.Where(origin => !IsOrigin(origin)).Select(Sentence).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static string Sentence(string origin) => origin.Contains('*', StringComparison.Ordinal)
        ? $"{CrossOriginOptions.Key} contains '{origin}', which would let every web page in: name each origin, such as https://console.example.com."
        : $"{CrossOriginOptions.Key} contains '{origin}', but must be a list of exact origins such as https://console.example.com, separated by commas, without paths.";

    private static bool IsOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == origin && uri.UserInfo.Length == 0;
}
