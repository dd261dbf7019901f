using System.Globalization;
using System.Text.Json.Nodes;

namespace McpPlatform.ConformanceServer;

/// <summary>The suite's tools whose calls become tasks; slow_compute and confirm_delete do without for who does not know tasks.</summary>
internal static class FixtureTaskTools
{
    private static readonly TimeSpan LongestTask = TimeSpan.FromMinutes(5), LongestCall = TimeSpan.FromSeconds(2);

    /// <summary>Without a task it hurries: nobody waits a minute for the answer of a call.</summary>
    public static async Task<JsonObject> SlowComputeAsync(FixtureCall call)
    {
        var seconds = call.Arguments["seconds"] is JsonValue value && value.TryGetValue(out double number) ? number : 0;
        var time = TimeSpan.FromSeconds(Math.Clamp(seconds, 0, LongestTask.TotalSeconds));
        if (FixtureTasks.IsDeclared(call))
        {
            return call.Tasks.Start(call, task => ComputeAsync(time, task.Cancelled));
        }

        return await ComputeAsync(time < LongestCall ? time : LongestCall, call.CancellationToken);
    }

    public static Task<JsonObject> FailingJob(FixtureCall call) => Start(call, async task =>
    {
        await Task.Delay(TimeSpan.FromSeconds(1), task.Cancelled);
        var result = Text("The job failed.");
        result["isError"] = true;
        return result;
    });

    public static Task<JsonObject> ProtocolErrorJob(FixtureCall call) => Start(call, async task =>
    {
        await Task.Delay(TimeSpan.FromMilliseconds(100), task.Cancelled);
        throw new FixtureException(-32603, "The job broke down.");
    });

    /// <summary>Deletes nothing where nobody can be asked.</summary>
    public static Task<JsonObject> ConfirmDelete(FixtureCall call) => !FixtureTasks.IsDeclared(call) ? Task.FromResult(Text("Nothing was deleted.")) : Start(call, async task =>
    {
        var file = call.Text("filename");
        var answers = await task.AskAsync(new JsonObject { ["confirm"] = Questions.Form($"Delete {file}?", "confirm", "boolean") });
        var confirmed = answers["confirm"]?["content"]?["confirm"] is JsonValue value && value.TryGetValue(out bool yes) && yes;
        return Text(confirmed ? $"Deleted {file}." : $"Kept {file}.");
    });

    public static Task<JsonObject> MultiInput(FixtureCall call) => Start(call, async task =>
    {
        var answers = await task.AskAsync(new JsonObject { ["first"] = Questions.Form("The first name?", "name", "string"), ["second"] = Questions.Form("The second name?", "name", "string") });
        return Text($"{answers["first"]?["content"]?["name"]} and {answers["second"]?["content"]?["name"]}");
    });

    /// <summary>Asks before there is a task, and becomes one with the answer.</summary>
    public static async Task<JsonObject> AskFirstAsync(FixtureCall call)
    {
        if (!FixtureTasks.IsDeclared(call))
        {
            throw FixtureTasks.Missing();
        }

        var (answers, ended) = await call.AskAsync(new JsonObject { ["user_name"] = Questions.Form("What is your name?", "name", "string") }, "asked");
        return ended ?? call.Tasks.Start(call, _ => Task.FromResult(Text($"Hello, {answers!["user_name"]?["content"]?["name"]}!")));
    }

    private static Task<JsonObject> Start(FixtureCall call, Func<FixtureTask, Task<JsonObject>> work) => Task.FromResult(call.Tasks.Start(call, work));

    private static async Task<JsonObject> ComputeAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        await Task.Delay(time, cancellationToken);
        return Text(string.Create(CultureInfo.InvariantCulture, $"Computed for {time.TotalSeconds} s."));
    }

    private static JsonObject Text(string text) => new() { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) };
}
