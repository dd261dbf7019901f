using System.Diagnostics;
using OpenTelemetry;

namespace McpPlatform.ServiceDefaults.Telemetry;

/// <summary>Drops spans without a request behind them (a health check's query, a poll of the outbox): they bury the traces that people look for.</summary>
internal sealed class HealthCheckSpanFilter : BaseProcessor<Activity>
{
    public override void OnEnd(Activity data)
    {
        if (data.Parent is null && data.ParentSpanId == default && data.Source.Name == "Npgsql")
        {
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}
