using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Upstream;

/// <summary>Limits towards MCP servers.</summary>
internal sealed class UpstreamOptions
{
    public const string Section = "Upstream";

    /// <summary>The most that one request may be answered with, in bytes of HTTP body; 64 KiB to 256 MiB.</summary>
    public long MaxAnswerBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>How long opening a session may take; 1 s to 1 min.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Calls of one server at a time, in each replica; 1 to 10000.</summary>
    public int MaxCallsPerServer { get; set; } = 64;

    /// <summary>Calls of one user at a time, in each replica; 1 to 10000.</summary>
    public int MaxCallsPerUser { get; set; } = 8;
}

internal sealed class UpstreamOptionsValidator : IValidateOptions<UpstreamOptions>
{
    public ValidateOptionsResult Validate(string? name, UpstreamOptions options)
    {
        List<string> failures = [];
        if (options.MaxAnswerBytes is < 64 * 1024 or > 256L * 1024 * 1024)
        {
            failures.Add($"Upstream__MaxAnswerBytes is {options.MaxAnswerBytes}, but must be 65536 to 268435456.");
        }

        if (options.ConnectTimeout < TimeSpan.FromSeconds(1) || options.ConnectTimeout > TimeSpan.FromMinutes(1))
        {
            failures.Add($"Upstream__ConnectTimeout is {options.ConnectTimeout}, but must be 00:00:01 to 00:01:00.");
        }

        if (options.MaxCallsPerServer is < 1 or > 10_000)
        {
            failures.Add($"Upstream__MaxCallsPerServer is {options.MaxCallsPerServer}, but must be 1 to 10000.");
        }

        if (options.MaxCallsPerUser is < 1 or > 10_000)
        {
            failures.Add($"Upstream__MaxCallsPerUser is {options.MaxCallsPerUser}, but must be 1 to 10000.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
