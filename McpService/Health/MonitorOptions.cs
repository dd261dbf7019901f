using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Health;

/// <summary>How MCP servers are watched.</summary>
internal sealed class MonitorOptions
{
    public const string Section = "Monitor";

    /// <summary>Between two checks of a server; 1 s to 1 h.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a check may take before it has failed; 100 ms to 1 min.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>From here on a server that answers is degraded; up to the timeout.</summary>
    public TimeSpan Slow { get; set; } = TimeSpan.FromSeconds(2);
}

internal sealed class MonitorOptionsValidator : IValidateOptions<MonitorOptions>
{
    public ValidateOptionsResult Validate(string? name, MonitorOptions options)
    {
        List<string> failures = [];
        if (options.Interval < TimeSpan.FromSeconds(1) || options.Interval > TimeSpan.FromHours(1))
        {
            failures.Add($"Monitor__Interval is {options.Interval}, but must be 00:00:01 to 01:00:00.");
        }

        if (options.Timeout < TimeSpan.FromMilliseconds(100) || options.Timeout > TimeSpan.FromMinutes(1))
        {
            failures.Add($"Monitor__Timeout is {options.Timeout}, but must be 00:00:00.1 to 00:01:00.");
        }

        if (options.Slow <= TimeSpan.Zero)
        {
            failures.Add($"Monitor__Slow is {options.Slow}, but must be more than nothing.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
