using System.Text.Json.Nodes;
using McpPlatform.McpService.Upstream;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// A call to a server that asks in the middle of it, for a client that comes back with its answers: the server's call goes on in between. The client is attached while
/// one of its requests is being answered; what the server says otherwise is heard by nobody.
/// </summary>
internal sealed class ParkedCall(RelayRound request, CallClock clock) : IUpstreamObserver
{
    // Servers that ask for three things at once do so within moments: one round for all of them.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(60);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Question> open = new(StringComparer.Ordinal);
    private TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IClientLeg? attached;
    private int lastQuestion;

    public Guid User => request.Call.Caller.User.Id;

    public Guid Server => request.Server.Id;

    /// <summary>Ends with the server's answer.</summary>
    public Task<RelayAnswer> Answer { get; private set; } = null!;

    public CallClock Clock => clock;

    /// <summary>Begins. The client is attached from the first moment: a server may speak before anybody waits.</summary>
    public void Start(Func<ParkedCall, Task<RelayAnswer>> send)
    {
        attached = request.Call.Leg;
        Answer = send(this);
    }

    public async ValueTask NotifiedAsync(JsonRpcNotification notification, CancellationToken cancellationToken)
    {
        if (attached is { } leg && LogLevels.IsWanted(notification, request.Call.LogLevel))
        {
            await leg.NotifyAsync(notification.Method, notification.Params, cancellationToken);
        }
    }

    public async Task<JsonRpcMessage> AskedAsync(JsonRpcRequest asking, CancellationToken cancellationToken)
    {
        var parameters = asking.Params as JsonObject;
        if (!request.Call.Client.CanBeAsked(asking.Method, parameters))
        {
            return NobodyAsks.Refuse(asking);
        }

        InputRequests.NameServer(asking.Method, parameters, request.Call, request.Server.Name);
        var question = new Question(asking.Method, parameters?.DeepClone().AsObject());
        using var pause = clock.Pause();
        lock (gate)
        {
            open[$"input_{++lastQuestion}"] = question;
            asked.TrySetResult();
        }

        return await question.Answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Gives the server what the client answered. What is missing is asked again.</summary>
    /// <returns>What is wrong with the answers; null when nothing is.</returns>
    public string? Give(JsonObject? answers)
    {
        lock (gate)
        {
            foreach (var (key, question) in open.ToList())
            {
                if (answers?[key] is not { } given)
                {
                    continue;
                }

                if (given is not JsonObject)
                {
                    return $"The inputResponses have no object at '{key}'.";
                }

                open.Remove(key);
                question.Answer.TrySetResult(new JsonRpcResponse { Id = default, Result = given.DeepClone() });
            }

            if (open.Count == 0)
            {
                asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return null;
        }
    }

    /// <summary>Attaches a request of the client, until the server has answered or asks.</summary>
    public async Task<ParkedOutcome> WaitAsync(IClientLeg leg, CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref attached, leg, null) is { } other && other != leg)
        {
            return new(RelayAnswer.Fail(RelayError.InvalidParams, "Another request with this requestState is being answered: wait for it."), null);
        }

        try
        {
            await Task.WhenAny(Answer, asked.Task).WaitAsync(cancellationToken);
            if (!Answer.IsCompleted)
            {
                await Task.WhenAny(Answer, Task.Delay(Gathering, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }

            return Answer.IsCompleted ? new(await Answer, null) : new(null, Questions());
        }
        finally
        {
            attached = null;
        }
    }

    /// <summary>Cancels what is not answered yet, and lets go of the rest.</summary>
    public void End()
    {
        clock.Cancel();
        _ = Answer.ContinueWith(
            ended =>
            {
                _ = ended.Exception;
                clock.Dispose();
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private JsonObject Questions()
    {
        lock (gate)
        {
            return new(open.Select(pair =>
            {
                var question = new JsonObject { ["method"] = pair.Value.Method };
                if (pair.Value.Parameters is { } parameters)
                {
                    question["params"] = parameters.DeepClone();
                }

                return KeyValuePair.Create<string, JsonNode?>(pair.Key, question);
            }));
        }
    }

    private sealed record Question(string Method, JsonObject? Parameters)
    {
        public TaskCompletionSource<JsonRpcMessage> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>What a client is answered now: the end of its call, or questions.</summary>
internal sealed record ParkedOutcome(RelayAnswer? Answer, JsonObject? Questions)
{
    /// <summary>The call that waits for the answers.</summary>
    public string? Id { get; init; }

    public static ParkedOutcome Fail(int code, string message) => new(RelayAnswer.Fail(code, message), null);
}
