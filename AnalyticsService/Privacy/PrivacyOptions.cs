using Microsoft.Extensions.Options;

namespace McpPlatform.AnalyticsService.Privacy;

/// <summary>How much of what tells about people is stored at all.</summary>
internal sealed class PrivacyOptions
{
    public const string Section = "Privacy";

    public const string Full = "full", Truncated = "truncated", Family = "family", None = "none";

    /// <summary><c>full</c>; <c>truncated</c>: the network, that is the first 24 bits of IPv4 and the first 48 of IPv6; or <c>none</c>.</summary>
    public string IpAddresses { get; set; } = Full;

    /// <summary><c>full</c>; <c>family</c>: the name of the browser or program, without version and system; or <c>none</c>.</summary>
    public string UserAgents { get; set; } = Full;
}

internal sealed class PrivacyOptionsValidator : IValidateOptions<PrivacyOptions>
{
    public ValidateOptionsResult Validate(string? name, PrivacyOptions options)
    {
        List<string> failures = [];
        if (options.IpAddresses is not (PrivacyOptions.Full or PrivacyOptions.Truncated or PrivacyOptions.None))
        {
            failures.Add($"Privacy__IpAddresses is {options.IpAddresses}, but must be full, truncated or none.");
        }

        if (options.UserAgents is not (PrivacyOptions.Full or PrivacyOptions.Family or PrivacyOptions.None))
        {
            failures.Add($"Privacy__UserAgents is {options.UserAgents}, but must be full, family or none.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
