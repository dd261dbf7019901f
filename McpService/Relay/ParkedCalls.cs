using McpPlatform.McpService.Upstream;

namespace McpPlatform.McpService.Relay;

/// <summary>
/// The calls that wait for a client's answers. A call lives in the replica that made it; the client's next request may come to another one, which asks the owner.
/// </summary>
internal sealed class ParkedCalls(ParkedCallStore store, ParkedCallExchange exchange, RequestStates states)
{
    public async Task<RelayAnswer> StartAsync(RelayRound request, TimeSpan timeout, CancellationToken cancellationToken) =>
        Finish(await store.StartAsync(request, timeout, cancellationToken), request.Call, request.Server);

    /// <summary>The client has come back.</summary>
    /// <param name="id">As its state names the call.</param>
    /// <param name="call">Its request.</param>
    /// <param name="server">Where the call is.</param>
    /// <param name="cancellationToken">The client has gone.</param>
    public async Task<RelayAnswer> ResumeAsync(string id, RelayCall call, UpstreamServer server, CancellationToken cancellationToken)
    {
        var resume = new ParkedResume(id, call.Caller.User.Id, server.Id, call.Parameters["inputResponses"]?.DeepClone());
        return Finish(
            await (store.IsOwn(id) ? store.ResumeAsync(resume, call.Leg, cancellationToken) : exchange.ResumeElsewhereAsync(resume, call.Leg, cancellationToken)), call, server);
    }

    private RelayAnswer Finish(ParkedOutcome outcome, RelayCall call, UpstreamServer server) =>
        outcome.Answer is { } answer
            ? ResultShaper.Shape(answer, call, serverIsModern: false)
            : new(new() { ["resultType"] = "input_required", ["inputRequests"] = outcome.Questions, ["requestState"] = states.Seal(call, server.Id, null, outcome.Id) });
}
