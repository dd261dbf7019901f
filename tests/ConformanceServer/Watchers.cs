using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace McpPlatform.ConformanceServer;

/// <summary>Who listens, and what clients with sessions said when they came.</summary>
internal sealed class Watchers
{
    private readonly ConcurrentDictionary<FixtureCall, JsonObject> listening = new();

    public ConcurrentDictionary<string, JsonObject> Capabilities { get; } = new(StringComparer.Ordinal);

    public async Task<JsonObject> ListenAsync(FixtureCall call)
    {
        var wanted = call.Parameters["notifications"] as JsonObject ?? [];
        await call.NotifyAsync("notifications/subscriptions/acknowledged", Tag(call, new JsonObject { ["notifications"] = wanted.DeepClone() }));
        listening[call] = wanted;
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, call.CancellationToken);
        }
        finally
        {
            listening.TryRemove(call, out _);
        }

        return [];
    }

    public async Task TellAsync(string flag, string method)
    {
        foreach (var (call, wanted) in listening)
        {
            if (wanted[flag] is JsonValue value && value.TryGetValue(out bool on) && on)
            {
                await call.NotifyAsync(method, Tag(call, []));
            }
        }
    }

    private static JsonObject Tag(FixtureCall call, JsonObject parameters)
    {
        parameters["_meta"] = new JsonObject { ["io.modelcontextprotocol/subscriptionId"] = call.Id.Id is long number ? number : call.Id.ToString() };
        return parameters;
    }
}
