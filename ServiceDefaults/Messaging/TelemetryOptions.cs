using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>Where telemetry waits while the broker is away.</summary>
internal sealed class TelemetryOptions
{
    public const string Section = "Telemetry";

    /// <summary>A folder on a disk that outlives the process; shared with nobody but replicas of the platform.</summary>
    public string SpoolPath { get; set; } = Path.Combine(Path.GetTempPath(), "mcpplatform-telemetry");

    /// <summary>How much of each kind of event is kept, in MiB; 0 keeps nothing.</summary>
    public int SpoolLimitMb { get; set; } = 256;
}

internal sealed class TelemetryOptionsValidator : IValidateOptions<TelemetryOptions>
{
    public ValidateOptionsResult Validate(string? name, TelemetryOptions options) => options switch
    {
        { SpoolLimitMb: < 0 or > 1_048_576 } => ValidateOptionsResult.Fail($"{TelemetryOptions.Section}__SpoolLimitMb is {options.SpoolLimitMb}, but must be 0 to 1048576."),
        { SpoolPath: var path } when !Path.IsPathFullyQualified(path) => ValidateOptionsResult.Fail($"{TelemetryOptions.Section}__SpoolPath is '{path}', but must be an absolute path."),
        _ => ValidateOptionsResult.Success,
    };
}
