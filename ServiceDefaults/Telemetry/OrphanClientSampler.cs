using System.Diagnostics;
using OpenTelemetry.Trace;

namespace McpPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// For spans without a parent: what is asked for is traced, what a process does by itself is not (a look into the outbox, a health check, the
/// publishing of telemetry). Several a second of those bury the traces that people look for; metrics tell of them.
/// </summary>
internal sealed class OrphanClientSampler : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        new(samplingParameters.Kind is ActivityKind.Client or ActivityKind.Producer ? SamplingDecision.Drop : SamplingDecision.RecordAndSample);
}
