using System.Text.Json.Nodes;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// Takes a client's request to a server, whichever era each of them speaks; the only place that knows the four pairs. They differ in how a server asks something in
/// the middle of a request: with sessions it sends a request and waits, without (2026-07-28) it ends the round with its questions, and the client comes again.
/// </summary>
internal sealed class EraBridge(UpstreamSessions sessions, RequestStates states, ParkedCalls parked, IOptions<UpstreamOptions> options, TimeProvider time)
{
    private const int MaxRounds = 10;

    /// <summary>Sends the request and brings back what the client is to be answered.</summary>
    /// <param name="call">The client's request.</param>
    /// <param name="server">Where it goes.</param>
    /// <param name="parameters">Its parameters with the names that the server gives things; not changed.</param>
    /// <param name="headers">HTTP headers that the tool's schema asks for.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    /// <exception cref="UpstreamException">The server gave no usable answer, or not in time.</exception>
    public async Task<RelayAnswer> SendAsync(
        RelayCall call, UpstreamServer server, JsonObject parameters, IReadOnlyDictionary<string, string>? headers, CancellationToken cancellationToken)
    {
        RequestStates.Envelope? round = null;
        if (call.Client.IsModern && parameters["requestState"] is { } state)
        {
            round = state is JsonValue value && value.TryGetValue(out string? text) ? states.Open(call, server.Id, text) : null;
            if (round is null)
            {
                return RelayAnswer.Fail(RelayError.InvalidParams, "The requestState was not issued here for this request, was changed or has expired: send the request again without it.");
            }
        }

        if (round?.Parked is { } waiting)
        {
            return await parked.ResumeAsync(waiting, call, server, cancellationToken);
        }

        var timeout = call.Timeout ?? options.Value.CallTimeout;
        var request = new RelayRound(call, server, parameters, headers, round?.UpstreamState);
        return call.Client.IsModern && await IsLegacyAsync(call, server, cancellationToken)
            ? await parked.StartAsync(request, timeout, cancellationToken)
            : await SendAsync(request, timeout, cancellationToken);
    }

    // Modern clients wait beside the server's call, not in it: what they are asked ends their request.
    private Task<bool> IsLegacyAsync(RelayCall call, UpstreamServer server, CancellationToken cancellationToken) =>
        sessions.UseAsync(server, call.Owner, leg => Task.FromResult(!leg.IsModern), cancellationToken);

    private async Task<RelayAnswer> SendAsync(RelayRound request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var clock = new CallClock(timeout, options.Value.AskTimeout, time, cancellationToken);
        try
        {
            return await sessions.UseAsync(
                request.Server,
                request.Call.Owner,
                async leg => ResultShaper.Shape(await (leg.IsModern ? SendModernAsync(leg, request, clock) : SendOnceAsync(leg, request, clock)), request.Call, leg.IsModern),
                clock.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested && clock.HasRunOut)
        {
            throw clock.Late(exception);
        }
    }

    private static async Task<RelayAnswer> SendOnceAsync(IUpstreamLeg leg, RelayRound request, CallClock clock) =>
        RelayAnswer.Of(await leg.ExchangeAsync(request.ToUpstream(), new RelayObserver(request.Call, clock, request.Server), clock.Token));

    private async Task<RelayAnswer> SendModernAsync(IUpstreamLeg leg, RelayRound request, CallClock clock)
    {
        for (var round = 1; ; round++)
        {
            var answer = await SendOnceAsync(leg, request, clock);
            if (!InputRequests.AreIn(answer))
            {
                return answer;
            }

            if (InputRequests.FindUndeclared(answer.Result!, request.Call.Client) is { } kind)
            {
                return InputRequests.Undeclared(request, kind);
            }

            var state = answer.Result!["requestState"] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
            if (request.Call.Client.IsModern)
            {
                InputRequests.NameServer(answer.Result, request);
                answer.Result["requestState"] = states.Seal(request.Call, request.Server.Id, state, parked: null);
                return answer;
            }

            if (round == MaxRounds)
            {
                return RelayAnswer.Fail(RelayError.InternalError, $"The MCP server '{request.Server.Name}' asked for input {MaxRounds} times in one request, which is the most that is relayed.");
            }

            request = request with { UpstreamState = state, InputResponses = await AskAllAsync(request, answer.Result, clock) };
        }
    }

    private static async Task<JsonObject> AskAllAsync(RelayRound request, JsonObject result, CallClock clock)
    {
        using var pause = clock.Pause();
        InputRequests.NameServer(result, request);
        var asked = InputRequests.In(result).Select(async question =>
        {
            var answer = await request.Call.Leg.AskAsync(question.Method, question.Parameters?.DeepClone(), clock.Token);
            return answer is JsonRpcResponse { Result: { } given }
                ? KeyValuePair.Create<string, JsonNode?>(question.Key, given.DeepClone())
                : throw new RelayRefusedException(answer is JsonRpcError { Error: var error } ? error.Message : "The client did not answer.");
        });
        return new JsonObject(await Task.WhenAll(asked));
    }
}

/// <summary>A client's request on its way to a server, once or, where the server asks, again with the answers.</summary>
/// <param name="Call">The client's.</param>
/// <param name="Server">Where it goes.</param>
/// <param name="Parameters">With the server's names.</param>
/// <param name="Headers">HTTP headers that the tool's schema asks for.</param>
/// <param name="UpstreamState">What the server gave the last round.</param>
internal sealed record RelayRound(RelayCall Call, UpstreamServer Server, JsonObject Parameters, IReadOnlyDictionary<string, string>? Headers, string? UpstreamState)
{
    /// <summary>The client's answers to the server's questions, where the platform collected them.</summary>
    public JsonObject? InputResponses { get; init; }

    /// <summary>As it is sent: a copy, because a request may be sent once more where a session was lost.</summary>
    public UpstreamCall ToUpstream()
    {
        var parameters = Parameters.DeepClone().AsObject();
        parameters.Remove("requestState");
        if (UpstreamState is not null)
        {
            parameters["requestState"] = UpstreamState;
        }

        if (InputResponses is not null)
        {
            parameters["inputResponses"] = InputResponses.DeepClone();
        }

        TraceContext.AddTo(parameters);
        return new(Call.Method, parameters) { Capabilities = Call.Client.Capabilities, LogLevel = Call.LogLevel, Headers = Headers, Caller = (Call.Caller.User.Id, Call.Caller.AccessToken) };
    }
}

/// <summary>The client refused to answer a server's question, or could not.</summary>
internal sealed class RelayRefusedException(string message) : Exception(message);
