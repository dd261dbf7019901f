using McpPlatform.McpService.Relay;
using Microsoft.Extensions.AI;

namespace McpPlatform.McpService.Chat;

/// <summary>
/// Lets a model work with tools: asks it, calls what it wants called, gives it the results, until it has answered or may be asked no more.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="tools">What it is offered.</param>
/// <param name="calls">How that is called.</param>
/// <param name="events">Who listens.</param>
internal sealed class ChatAgent(IChatClient model, ChatTools tools, ChatToolCalls calls, ChatEvents events)
{
    private const int CallsAtATime = 4, MaxAnswer = 500_000;

    /// <summary>How often the model was asked.</summary>
    public int Steps { get; private set; }

    public int ToolCalls { get; private set; }

    public UsageDetails Usage { get; } = new();

    /// <summary>Goes on until the model has answered.</summary>
    /// <returns>Why it ended: <c>stop</c>, <c>length</c>, <c>content_filter</c>, or <c>step_limit</c>.</returns>
    /// <exception cref="ModelException">The model cannot be used.</exception>
    public async Task<string> RunAsync(List<ChatMessage> messages, ModelUse use, CancellationToken cancellationToken)
    {
        var options = new ChatOptions { ModelId = use.Model, Tools = tools.Declarations.Count > 0 ? tools.Declarations : null };
        while (Steps < use.MaxSteps)
        {
            Steps++;
            var answer = await AskAsync(messages, options, use.Timeout, cancellationToken);
            var wanted = answer.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToList();
            if (wanted.Count == 0)
            {
                return answer.FinishReason?.Value ?? ChatFinishReason.Stop.Value;
            }

            messages.AddRange(answer.Messages);
            messages.Add(new(ChatRole.Tool, [.. await CallAllAsync(wanted, cancellationToken)]));
        }

        return "step_limit";
    }

    private async Task<ChatResponse> AskAsync(List<ChatMessage> messages, ChatOptions options, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        List<ChatResponseUpdate> updates = [];
        var length = 0;
        try
        {
            await foreach (var update in model.GetStreamingResponseAsync(messages, options, limit.Token))
            {
                updates.Add(update);
                if (update.Text is { Length: > 0 } text)
                {
                    length += text.Length;
                    await events.TextAsync(text, cancellationToken);
                }

                if (length > MaxAnswer)
                {
                    throw new ModelException($"The language model's answer is longer than {MaxAnswer} characters.");
                }
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is not ModelException && ModelException.Explain(exception, options.ModelId!, timeout) is { } sentence)
        {
            throw new ModelException(sentence, exception);
        }

        var answer = updates.ToChatResponse();
        if (answer.Usage is { } usage)
        {
            Usage.Add(usage);
        }

        return answer;
    }

    // All are announced before the first has a result, in the model's order; results go to the client as they come, to the model in its order.
    private async Task<FunctionResultContent[]> CallAllAsync(List<FunctionCallContent> wanted, CancellationToken cancellationToken)
    {
        ToolCalls += wanted.Count;
        foreach (var call in wanted)
        {
            await events.CallAsync(call.CallId, tools.Find(call.Name), call.Name, ChatToolCalls.Arguments(call), cancellationToken);
        }

        var results = new FunctionResultContent[wanted.Count];
        await Parallel.ForAsync(0, wanted.Count, new ParallelOptions { MaxDegreeOfParallelism = CallsAtATime, CancellationToken = cancellationToken }, async (index, stop) =>
        {
            var call = wanted[index];
            var result = await calls.CallAsync(tools.Find(call.Name), ChatToolCalls.Arguments(call), stop);
            await events.ResultAsync(call.CallId, result, stop);
            results[index] = new(call.CallId, result.IsError ? $"Error: {result.Text}" : result.Text);
        });
        return results;
    }
}

/// <summary>How a model is asked.</summary>
/// <param name="Model">Which one.</param>
/// <param name="MaxSteps">How often at most.</param>
/// <param name="Timeout">How long it may take each time.</param>
internal sealed record ModelUse(string Model, int MaxSteps, TimeSpan Timeout);
