using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace McpPlatform.ConformanceServer;

/// <summary>The extension <c>io.modelcontextprotocol/tasks</c> of 2026-07-28: calls that go on after their answer. Tasks live as long as the server, which is longer than they promise.</summary>
internal sealed class FixtureTasks : IDisposable
{
    public const string Extension = "io.modelcontextprotocol/tasks";
    private readonly ConcurrentDictionary<string, FixtureTask> tasks = new(StringComparer.Ordinal);

    public static bool IsDeclared(FixtureCall call) => call.IsModern && (call.Capabilities["extensions"] as JsonObject)?.ContainsKey(Extension) == true;

    public static FixtureException Missing() => new(
        -32021,
        $"This request needs the extension '{Extension}'.",
        new JsonObject { ["requiredCapabilities"] = new JsonObject { ["extensions"] = new JsonObject { [Extension] = new JsonObject() } } });

    /// <summary>Turns a call into a task.</summary>
    /// <exception cref="FixtureException">The client does not know tasks.</exception>
    public JsonObject Start(FixtureCall call, Func<FixtureTask, Task<JsonObject>> work)
    {
        if (!IsDeclared(call))
        {
            throw Missing();
        }

        var task = new FixtureTask();
        tasks[task.Id] = task;
        var created = task.Describe();
        created["resultType"] = "task";
        _ = task.RunAsync(work);
        return created;
    }

    public JsonObject Get(FixtureCall call) => Find(call).Detail();

    public JsonObject Update(FixtureCall call)
    {
        Find(call).Answer(call.Responses ?? throw new FixtureException(-32602, "inputResponses must be an object."));
        return [];
    }

    public JsonObject Cancel(FixtureCall call)
    {
        Find(call).Cancel();
        return [];
    }

    public void Dispose()
    {
        foreach (var task in tasks.Values)
        {
            task.Dispose();
        }
    }

    private FixtureTask Find(FixtureCall call) => !IsDeclared(call)
        ? throw Missing()
        : tasks.GetValueOrDefault((string?)call.Parameters["taskId"] ?? string.Empty) ?? throw new FixtureException(-32602, "Task not found.");
}
