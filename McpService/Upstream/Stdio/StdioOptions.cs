using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Upstream.Stdio;

/// <summary>MCP servers that run as processes of this service, from templates that the operator writes. Without a template there are none.</summary>
internal sealed class StdioOptions
{
    public const string Section = "Stdio";

    /// <summary>What may be run, by name.</summary>
    public Dictionary<string, StdioTemplate> Templates { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Processes at a time, in each replica; 1 to 1000.</summary>
    public int MaxProcesses { get; set; } = 64;

    /// <summary>Processes of one server at a time, in each replica; 1 to 1000. Each user has one of their own.</summary>
    public int MaxProcessesPerServer { get; set; } = 16;

    /// <summary>How long a process may take to end when it is told to, before it is killed with all its children; 100 ms to 30 s.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>A command with holes.</summary>
internal sealed class StdioTemplate
{
    /// <summary>What it is, for who registers a server with it.</summary>
    public string? Description { get; set; }

    /// <summary>The absolute path of the executable. No shell has a part in it.</summary>
    public string Command { get; set; } = string.Empty;

    /// <summary>Its arguments; <c>{name}</c> stands for a parameter, which stays within its argument whatever it holds.</summary>
    public List<string> Arguments { get; set; } = [];

    /// <summary>The parameters that a server gives, by name.</summary>
    public Dictionary<string, StdioParameter> Parameters { get; set; } = new(StringComparer.Ordinal);

    /// <summary>All that is in its environment beside PATH, HOME and LANG; <c>{name}</c> stands for a parameter.</summary>
    public Dictionary<string, string> Environment { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Where it runs; the directory for temporary files when nothing is said.</summary>
    public string? WorkingDirectory { get; set; }

    /// <summary>Memory that it may write to, in MiB, for each of its processes (RLIMIT_DATA); 16 to 1048576.</summary>
    public int MemoryMegabytes { get; set; } = 1024;

    /// <summary>CPU time in seconds, for each of its processes (RLIMIT_CPU); 1 to 31536000. When it is used up the process ends, and a new one is started for the next request.</summary>
    public int CpuSeconds { get; set; } = 3600;

    /// <summary>Files and connections open at a time, for each of its processes (RLIMIT_NOFILE); 16 to 1048576.</summary>
    public int OpenFiles { get; set; } = 256;
}

/// <summary>A hole in a command.</summary>
internal sealed class StdioParameter
{
    /// <summary>What it means.</summary>
    public string? Description { get; set; }

    /// <summary>A regular expression that the whole value must match; when neither this nor values are given: 1 to 200 letters, digits and <c>._-</c>, the first one no hyphen.</summary>
    public string? Pattern { get; set; }

    /// <summary>The values that are allowed.</summary>
    public List<string>? Values { get; set; }

    /// <summary>What it is when a server does not give it; a parameter without is required.</summary>
    public string? Default { get; set; }
}

internal sealed partial class StdioOptionsValidator : IValidateOptions<StdioOptions>
{
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(30);

    public ValidateOptionsResult Validate(string? name, StdioOptions options)
    {
        List<string> failures = [];
        Check(failures, "Stdio__MaxProcesses", options.MaxProcesses, 1, 1000);
        Check(failures, "Stdio__MaxProcessesPerServer", options.MaxProcessesPerServer, 1, 1000);
        if (options.StopTimeout < TimeSpan.FromMilliseconds(100) || options.StopTimeout > LongestStop)
        {
            failures.Add($"Stdio__StopTimeout is {options.StopTimeout}, but must be 00:00:00.1 to 00:00:30.");
        }

        foreach (var (key, template) in options.Templates)
        {
            Check(failures, key, template);
        }

        if (options.Templates.Count > 0 && ProcessGroup.FindMissingTool() is { } tool)
        {
            failures.Add($"Stdio__Templates are configured, but {tool} is not installed, which keeps their processes within their limits: install util-linux.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static void Check(List<string> failures, string key, StdioTemplate template)
    {
        var prefix = $"{StdioOptions.Section}__Templates__{key}";
        if (!Name().IsMatch(key))
        {
            failures.Add($"{prefix}: a template's name must be 1 to 64 lower-case letters, digits and hyphens.");
        }

        if (!Path.IsPathFullyQualified(template.Command) || !File.Exists(template.Command))
        {
            failures.Add($"{prefix}__Command is '{template.Command}', but must be the absolute path of a file that is there.");
        }

        if (template.WorkingDirectory is { } directory && (!Path.IsPathFullyQualified(directory) || !Directory.Exists(directory)))
        {
            failures.Add($"{prefix}__WorkingDirectory is '{directory}', but must be the absolute path of a directory that is there.");
        }

        Check(failures, $"{prefix}__MemoryMegabytes", template.MemoryMegabytes, 16, 1_048_576);
        Check(failures, $"{prefix}__CpuSeconds", template.CpuSeconds, 1, 31_536_000);
        Check(failures, $"{prefix}__OpenFiles", template.OpenFiles, 16, 1_048_576);
        foreach (var hole in template.Arguments.Concat(template.Environment.Values).SelectMany(StdioLaunch.Holes).Distinct(StringComparer.Ordinal))
        {
            if (!template.Parameters.ContainsKey(hole))
            {
                failures.Add($"{prefix} uses the parameter {{{hole}}}, but {prefix}__Parameters does not have it.");
            }
        }

        foreach (var (parameter, rule) in template.Parameters)
        {
            if (!ParameterName().IsMatch(parameter))
            {
                failures.Add($"{prefix}__Parameters__{parameter}: a parameter's name must be 1 to 64 letters, digits and underscores.");
            }
            else if (rule.Pattern is { } pattern && !IsPattern(pattern))
            {
                failures.Add($"{prefix}__Parameters__{parameter}__Pattern is '{pattern}', but must be a regular expression without look-around and back references.");
            }
            else if (rule.Default is { } value && StdioLaunch.FindMistake(parameter, rule, value) is { } mistake)
            {
                failures.Add($"{prefix}__Parameters__{parameter}__Default: {mistake}");
            }
        }
    }

    private static void Check(List<string> failures, string key, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            failures.Add($"{key} is {value}, but must be {least} to {most}.");
        }
    }

    private static bool IsPattern(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking);
            return true;
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    [GeneratedRegex("\\A[a-z0-9-]{1,64}\\z", RegexOptions.NonBacktracking)]
    private static partial Regex Name();

    [GeneratedRegex("\\A[A-Za-z0-9_]{1,64}\\z", RegexOptions.NonBacktracking)]
    private static partial Regex ParameterName();
}
