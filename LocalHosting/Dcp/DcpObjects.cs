using System.Text.Json.Serialization;

namespace McpPlatform.LocalHosting.Dcp;

// The parts of DCP's Kubernetes-like objects that are used here; it ignores what is null.
internal sealed record DcpObject<TSpec, TStatus>(
    string Kind, DcpMetadata Metadata, TSpec Spec, TStatus? Status = default, string ApiVersion = "usvc-dev.developer.microsoft.com/v1");

internal sealed record DcpMetadata(string Name, Dictionary<string, string>? Annotations = null);

internal sealed record ServiceSpec(int? Port, string Protocol = "TCP", string AddressAllocationMode = "Localhost");

internal sealed record ServiceStatus(int? EffectivePort, string? State);

internal sealed record ExecutableSpec(
    string ExecutablePath, string WorkingDirectory, IReadOnlyList<string> Args, IReadOnlyList<DcpVariable> Env,
    string ExecutionType = "Process");

internal sealed record DcpVariable(string Name, string? Value);

internal sealed record ExecutableStatus(
    string? State, int? Pid, int? ExitCode, DateTimeOffset? StartupTimestamp, DateTimeOffset? FinishTimestamp,
    IReadOnlyList<DcpVariable>? EffectiveEnv, IReadOnlyList<string>? EffectiveArgs);

internal sealed record DcpEvent(string Type, DcpObject<ExecutableSpec, ExecutableStatus> Object);

internal sealed record ServiceProducer(
    [property: JsonPropertyName("serviceName")] string ServiceName, [property: JsonPropertyName("address")] string Address = "localhost");

/// <summary>DCP fills templates into environment values and arguments.</summary>
internal static class DcpTemplate
{
    public static string PortForServing(string service) => $$$"""{{- portForServing "{{{service}}}" -}}""";

    /// <summary>A value of the person's own, such as a password, may contain what begins a template.</summary>
    public static string Escape(string value) =>
        value.Contains("portForServing", StringComparison.Ordinal) ? value : value.Replace("{{", """{{"{{"}}""", StringComparison.Ordinal);
}
