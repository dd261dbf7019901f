using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.BuiltIn.Confluence;

/// <summary>The Confluence that the built-in tools work with; off without an address.</summary>
internal sealed class ConfluenceOptions
{
    public const string Section = "Confluence";

    /// <summary>The address under which its API lies: with <c>/wiki</c> for Cloud.</summary>
    public string? BaseUrl { get; set; }

    /// <summary>Cloud: the account's mail address.</summary>
    public string? User { get; set; }

    /// <summary>Cloud: that account's API token.</summary>
    public string? ApiToken { get; set; }

    /// <summary>Data Center, instead of the two.</summary>
    public string? PersonalAccessToken { get; set; }

    /// <summary>How long one request may take; 1 s to 2 min.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The largest page that is read, in bytes of its JSON; 64 KiB to 16 MiB.</summary>
    public int MaxAnswerBytes { get; set; } = 2 * 1024 * 1024;

    public bool IsConfigured => !string.IsNullOrEmpty(BaseUrl);

    public bool IsCloud => string.IsNullOrEmpty(PersonalAccessToken);
}

internal sealed class ConfluenceOptionsValidator : IValidateOptions<ConfluenceOptions>
{
    public ValidateOptionsResult Validate(string? name, ConfluenceOptions options)
    {
        List<string> failures = [];
        if (options.IsConfigured)
        {
            // No value is repeated: it may be a secret in the wrong place.
            if (!BuiltInAddresses.TryParse(options.BaseUrl, out _))
            {
                failures.Add($"Confluence__BaseUrl must be {BuiltInAddresses.Sentence}.");
            }

            var cloud = !string.IsNullOrEmpty(options.User) && !string.IsNullOrEmpty(options.ApiToken);
            var any = !string.IsNullOrEmpty(options.User) || !string.IsNullOrEmpty(options.ApiToken);
            if (options.IsCloud ? !cloud : any)
            {
                failures.Add("Confluence needs either Confluence__User and Confluence__ApiToken (Cloud) or Confluence__PersonalAccessToken (Data Center).");
            }

            if (string.Concat(options.User, options.ApiToken, options.PersonalAccessToken).Any(char.IsControl) || options.User?.Contains(':', StringComparison.Ordinal) == true)
            {
                failures.Add("Confluence__User, Confluence__ApiToken and Confluence__PersonalAccessToken may hold no control characters, and the user no colon.");
            }
        }

        if (options.Timeout < TimeSpan.FromSeconds(1) || options.Timeout > TimeSpan.FromMinutes(2))
        {
            failures.Add($"Confluence__Timeout is {options.Timeout}, but must be 00:00:01 to 00:02:00.");
        }

        if (options.MaxAnswerBytes is < 64 * 1024 or > 16 * 1024 * 1024)
        {
            failures.Add($"Confluence__MaxAnswerBytes is {options.MaxAnswerBytes}, but must be 65536 to 16777216.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
