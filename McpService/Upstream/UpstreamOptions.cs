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

    /// <summary>After how long without use a session with a server is closed; 10 s to 1 day.</summary>
    public TimeSpan SessionIdle { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a server may take for its share of a list that is made of many servers' lists; 100 ms to 1 min.</summary>
    public TimeSpan ListTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a request of an MCP client to one server may take in all, the time of a person who is asked something not counted; 1 s to 1 h.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a person may take to answer a server's question; 1 s to 1 h.</summary>
    public TimeSpan AskTimeout { get; set; } = TimeSpan.FromMinutes(5);

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

        Check(failures, nameof(options.ConnectTimeout), options.ConnectTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Check(failures, nameof(options.SessionIdle), options.SessionIdle, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1));
        Check(failures, nameof(options.ListTimeout), options.ListTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Check(failures, nameof(options.CallTimeout), options.CallTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Check(failures, nameof(options.AskTimeout), options.AskTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
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

    private static void Check(List<string> failures, string name, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            failures.Add($"{UpstreamOptions.Section}__{name} is {value}, but must be {least:c} to {most:c}.");
        }
    }
}
