using System.Diagnostics;
using System.Text.Json.Nodes;

namespace McpPlatform.McpService.Relay;

/// <summary>Where a request belongs in the trace, as MCP carries it: W3C trace context in <c>_meta</c>.</summary>
internal static class TraceContext
{
    /// <summary>Names the current span as the parent. Without one, what the client said stays.</summary>
    public static void AddTo(JsonObject parameters)
    {
        if (Activity.Current is not { IdFormat: ActivityIdFormat.W3C } activity)
        {
            return;
        }

        if (parameters["_meta"] is not JsonObject meta)
        {
            parameters["_meta"] = meta = [];
        }

        meta["traceparent"] = activity.Id;
        meta.Remove("tracestate");
        if (!string.IsNullOrEmpty(activity.TraceStateString))
        {
            meta["tracestate"] = activity.TraceStateString;
        }
    }
}
