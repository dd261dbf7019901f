using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.BuiltIn.Jenkins;

/// <summary>The Jenkins that the built-in tools work with; off without a URL.</summary>
internal sealed class JenkinsOptions
{
    public const string Section = "Jenkins";

    /// <summary>Its root address.</summary>
    public string? Url { get; set; }

    /// <summary>As whom the platform works there.</summary>
    public string? User { get; set; }

    /// <summary>That user's API token.</summary>
    public string? ApiToken { get; set; }

    /// <summary>How long one request may take; 1 s to 2 min.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long one call may wait for a build; 1 s to 1 h.</summary>
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How often it is asked whether a build has ended; 100 ms to 1 min.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(2);

    public bool IsConfigured => !string.IsNullOrEmpty(Url);
}

internal sealed class JenkinsOptionsValidator : IValidateOptions<JenkinsOptions>
{
    public ValidateOptionsResult Validate(string? name, JenkinsOptions options)
    {
        List<string> failures = [];
        if (options.IsConfigured)
        {
            // No value is repeated: it may be a secret in the wrong place.
            if (!BuiltInAddresses.TryParse(options.Url, out _))
            {
                failures.Add($"Jenkins__Url must be {BuiltInAddresses.Sentence}.");
            }

            if (string.IsNullOrEmpty(options.User) || options.User.Contains(':', StringComparison.Ordinal) || options.User.Any(char.IsControl))
            {
                failures.Add("Jenkins__User must be the name of a user of Jenkins, without a colon.");
            }

            if (string.IsNullOrEmpty(options.ApiToken) || options.ApiToken.Any(char.IsControl))
            {
                failures.Add("Jenkins__ApiToken must be an API token of that user.");
            }
        }

        Check(failures, nameof(options.Timeout), options.Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2));
        Check(failures, nameof(options.MaxWait), options.MaxWait, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Check(failures, nameof(options.PollInterval), options.PollInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static void Check(List<string> failures, string key, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            failures.Add($"Jenkins__{key} is {value}, but must be {least} to {most}.");
        }
    }
}
