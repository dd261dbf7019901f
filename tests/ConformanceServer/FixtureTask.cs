using System.Globalization;
using System.Text.Json.Nodes;

namespace McpPlatform.ConformanceServer;

/// <summary>One task.</summary>
internal sealed class FixtureTask : IDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource cancellation = new();
    private readonly DateTime created = DateTime.UtcNow;
    private readonly JsonObject pending = [];
    private readonly JsonObject answers = [];
    private TaskCompletionSource<JsonObject>? answered;
    private DateTime updated = DateTime.UtcNow;
    private string status = "working";
    private JsonObject? result;
    private JsonObject? error;

    public string Id { get; } = Guid.NewGuid().ToString("N");

    public CancellationToken Cancelled => cancellation.Token;

    public async Task RunAsync(Func<FixtureTask, Task<JsonObject>> work)
    {
        try
        {
            var done = await work(this);
            Settle("completed", () => result = done);
        }
        catch (FixtureException exception)
        {
            Settle("failed", () => error = new JsonObject { ["code"] = exception.Code, ["message"] = exception.Message });
        }
        catch (OperationCanceledException)
        {
            Settle("cancelled", () => { });
        }
    }

    /// <summary>Waits until the client has answered all, in as many updates as it likes.</summary>
    public Task<JsonObject> AskAsync(JsonObject questions)
    {
        lock (gate)
        {
            foreach (var (key, question) in questions)
            {
                pending[key] = question!.DeepClone();
            }

            Change("input_required");
            answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return answered.Task.WaitAsync(Cancelled);
        }
    }

    public void Answer(JsonObject responses)
    {
        lock (gate)
        {
            foreach (var (key, response) in responses)
            {
                if (pending.Remove(key))
                {
                    answers[key] = response?.DeepClone();
                }
            }

            if (status == "input_required" && pending.Count == 0)
            {
                Change("working");
                answered!.TrySetResult(answers);
            }
        }
    }

    /// <summary>What is over stays as it is.</summary>
    public void Cancel()
    {
        Settle("cancelled", pending.Clear);
        cancellation.Cancel();
    }

    public void Dispose() => cancellation.Dispose();

    public JsonObject Describe()
    {
        lock (gate)
        {
            return new JsonObject { ["taskId"] = Id, ["status"] = status, ["createdAt"] = Text(created), ["lastUpdatedAt"] = Text(updated), ["ttlMs"] = 600_000, ["pollIntervalMs"] = 100 };
        }
    }

    public JsonObject Detail()
    {
        lock (gate)
        {
            var detail = Describe();
            foreach (var (key, value) in (KeyValuePair<string, JsonNode?>[])[new("result", result), new("error", error), new("inputRequests", pending.Count > 0 ? pending : null)])
            {
                if (value is not null)
                {
                    detail[key] = value.DeepClone();
                }
            }

            return detail;
        }
    }

    private static string Text(DateTime time) => time.ToString("O", CultureInfo.InvariantCulture);

    private void Change(string to) => (status, updated) = (to, DateTime.UtcNow);

    private void Settle(string to, Action keep)
    {
        lock (gate)
        {
            if (status is "working" or "input_required")
            {
                keep();
                Change(to);
            }
        }
    }
}
