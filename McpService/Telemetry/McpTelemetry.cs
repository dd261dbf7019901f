using System.Diagnostics;
using System.Diagnostics.Metrics;
using McpPlatform.Contracts.Messages;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Tools;
using McpPlatform.McpService.Upstream;

namespace McpPlatform.McpService.Telemetry;

/// <summary>What this service traces and counts, by OpenTelemetry's semantic conventions for MCP. Never arguments, results or names that nobody registered.</summary>
internal sealed class McpTelemetry(IMeterFactory meters)
{
    public const string Name = "McpPlatform.McpService";

    private static readonly ActivitySource Source = new(Name);
    private readonly Histogram<double> calls = meters.Create(Name).CreateHistogram<double>(
        "mcp.client.operation.duration", "s", "Tool calls from the caller's request to the server's result.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] });

    private readonly Counter<long> quarantined = meters.Create(Name).CreateCounter<long>("mcpplatform.definitions.quarantined", description: "Tool definitions that wait for approval since then.");

    public void Quarantined(UpstreamServer server) => quarantined.Add(1, new KeyValuePair<string, object?>("mcpplatform.server", server.Name));

    public static Activity? StartCall(UpstreamServer server, string tool)
    {
        var activity = Source.StartActivity($"tools/call {tool}", ActivityKind.Client);
        activity?.SetTag("mcp.method.name", "tools/call")
            .SetTag("gen_ai.operation.name", "execute_tool")
            .SetTag("gen_ai.tool.name", tool)
            .SetTag("mcpplatform.server", server.Name)
            .SetTag("server.address", server.Url.Host)
            .SetTag("server.port", server.Url.Port);
        return activity;
    }

    public static void Fail(Activity? activity, Exception exception) => activity?
        .SetTag("error.type", exception switch
        {
            UpstreamException upstream => upstream.Failure.ToString().ToLowerInvariant(),
            UpstreamErrorException error => error.Code.ToString(),
            OperationCanceledException => "cancelled",
            _ => exception.GetType().FullName,
        })
        .SetStatus(ActivityStatusCode.Error);

    public static void Ended(Activity? activity, RelayAnswer answer)
    {
        if (answer.Error is { } error)
        {
            activity?.SetTag("error.type", error.Code.ToString(System.Globalization.CultureInfo.InvariantCulture)).SetStatus(ActivityStatusCode.Error);
        }
    }

    public void Called(ToolCallOutcome call)
    {
        var tags = new TagList
        {
            { "mcp.method.name", "tools/call" },
            { "mcpplatform.outcome", call.Outcome },

            // What is not registered is whatever a caller wrote.
            { "mcpplatform.server", call.ServerId is null ? "unknown" : call.Server },
        };
        if (call.Failure is not null || call.Outcome == ActivityOutcomes.Failed)
        {
            tags.Add("error.type", call.Failure?.Kind ?? "tool_error");
        }

        calls.Record(call.Elapsed.TotalSeconds, tags);
    }
}
