using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.BuiltIn.Database;

/// <summary>The built-in tools over the callers' own database connections.</summary>
internal sealed class DatabaseToolsOptions
{
    public const string Section = "DatabaseTools";

    /// <summary>Whether they are there.</summary>
    public bool Enabled { get; set; }

    /// <summary>How long one request to UserService may take; 1 s to 2 min. Longer than its own limit for queries, which is 30 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>The largest answer that is taken, in bytes; 64 KiB to 16 MiB.</summary>
    public int MaxAnswerBytes { get; set; } = 1024 * 1024;
}

internal sealed class DatabaseToolsOptionsValidator : IValidateOptions<DatabaseToolsOptions>
{
    public ValidateOptionsResult Validate(string? name, DatabaseToolsOptions options)
    {
        List<string> failures = [];
        if (options.Timeout < TimeSpan.FromSeconds(1) || options.Timeout > TimeSpan.FromMinutes(2))
        {
            failures.Add($"DatabaseTools__Timeout is {options.Timeout}, but must be 00:00:01 to 00:02:00.");
        }

        if (options.MaxAnswerBytes is < 64 * 1024 or > 16 * 1024 * 1024)
        {
            failures.Add($"DatabaseTools__MaxAnswerBytes is {options.MaxAnswerBytes}, but must be 65536 to 16777216.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
