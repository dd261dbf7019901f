using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;
using StackExchange.Redis;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// Brings a client's answers to the replica where its call waits, and what that says back, over Redis. Nobody listening there means that the replica has
/// ended, and the call with it; the client is told at once.
/// </summary>
internal sealed partial class ParkedCallExchange(
    IConnectionMultiplexer redis, ParkedCallStore store, IOptions<UpstreamOptions> options, TimeProvider time, ILogger<ParkedCallExchange> logger) : BackgroundService
{
    private static readonly TimeSpan Pulse = TimeSpan.FromSeconds(2), Silence = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> running = new(StringComparer.Ordinal);

    /// <summary>Resumes a call that waits in another replica.</summary>
    public async Task<ParkedOutcome> ResumeElsewhereAsync(ParkedResume resume, IClientLeg leg, CancellationToken cancellationToken)
    {
        var subscriber = redis.GetSubscriber();
        var question = new Question(resume, $"mcp:parked:reply:{Guid.CreateVersion7():N}", IsCancelled: false);
        var messages = await subscriber.SubscribeAsync(RedisChannel.Literal(question.ReplyTo));
        var owner = Channel(ParkedCallStore.NodeOf(resume.Id));
        try
        {
            return await subscriber.PublishAsync(owner, JsonSerializer.Serialize(question)) == 0 ? Gone() : await HearAsync(messages, leg, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await subscriber.PublishAsync(owner, JsonSerializer.Serialize(question with { IsCancelled = true }), CommandFlags.FireAndForget);
            throw;
        }
        finally
        {
            await messages.UnsubscribeAsync();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                // Subscribed again by the client when Redis was away.
                var messages = await redis.GetSubscriber().SubscribeAsync(Channel(store.Node));
                await foreach (var message in messages.WithCancellation(stoppingToken))
                {
                    _ = AnswerAsync(JsonSerializer.Deserialize<Question>((string)message.Message!)!, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogNotListening(exception);
                await Task.Delay(TimeSpan.FromSeconds(1), time, CancellationToken.None);
            }
        }
    }

    private static RedisChannel Channel(string node) => RedisChannel.Literal($"mcp:parked:{node}");

    private static ParkedOutcome Gone() => ParkedOutcome.Fail(
        RelayError.InternalError, "The call waited in a replica that has ended, and has ended with it: send the request again without the requestState.");

    private static async Task<ParkedOutcome> HearAsync(ChannelMessageQueue messages, IClientLeg leg, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            silence.CancelAfter(Silence);
            try
            {
                var reply = JsonSerializer.Deserialize<Reply>((string)(await messages.ReadAsync(silence.Token)).Message!)!;
                if (reply.Outcome is { } outcome)
                {
                    return outcome;
                }

                if (reply.Method is not null)
                {
                    await leg.NotifyAsync(reply.Method, reply.Parameters, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return Gone();
            }
        }
    }

    private async Task AnswerAsync(Question question, CancellationToken stopping)
    {
        if (question.IsCancelled)
        {
            if (running.TryRemove(question.ReplyTo, out var cancelled))
            {
                await cancelled.CancelAsync();
            }

            return;
        }

        using var stop = running[question.ReplyTo] = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        stop.CancelAfter(options.Value.CallTimeout + options.Value.AskTimeout);
        await using var pulse = time.CreateTimer(_ => Send(question, new Reply()), null, Pulse, Pulse);
        ParkedOutcome outcome;
        try
        {
            outcome = await store.ResumeAsync(question.Resume, new Leg(this, question), stop.Token);
        }
        catch (UpstreamException exception)
        {
            outcome = ParkedOutcome.Fail(RelayError.InternalError, $"The MCP server {exception.Message}.");
        }
        catch (Exception exception)
        {
            LogFailed(exception);
            outcome = ParkedOutcome.Fail(RelayError.InternalError, "Something went wrong on our side.");
        }
        finally
        {
            running.TryRemove(question.ReplyTo, out _);
        }

        Send(question, new Reply { Outcome = outcome });
    }

    private void Send(Question question, Reply reply) =>
        redis.GetSubscriber().Publish(RedisChannel.Literal(question.ReplyTo), JsonSerializer.Serialize(reply), CommandFlags.FireAndForget);

    private sealed record Question(ParkedResume Resume, string ReplyTo, bool IsCancelled);

    // Nothing in it: the owner is still there.
    private sealed record Reply
    {
        public ParkedOutcome? Outcome { get; init; }

        public string? Method { get; init; }

        public JsonNode? Parameters { get; init; }
    }

    private sealed class Leg(ParkedCallExchange exchange, Question question) : IClientLeg
    {
        public bool CanAsk => false;

        public ValueTask NotifyAsync(string method, JsonNode? parameters, CancellationToken cancellationToken)
        {
            exchange.Send(question, new Reply { Method = method, Parameters = parameters });
            return ValueTask.CompletedTask;
        }

        public Task<JsonRpcMessage> AskAsync(string method, JsonNode? parameters, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("A client without a session is asked with its answer.");
    }

    [LoggerMessage(1041, LogLevel.Warning, "Answers to calls that wait here cannot be heard from other replicas; trying again")]
    private partial void LogNotListening(Exception exception);

    [LoggerMessage(1042, LogLevel.Error, "A call that waited could not be resumed")]
    private partial void LogFailed(Exception exception);
}
