using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Relay;

/// <summary>A client that comes back to its call.</summary>
/// <param name="Id">The call.</param>
/// <param name="User">Who comes back.</param>
/// <param name="Server">Where the call is.</param>
/// <param name="InputResponses">The answers.</param>
internal sealed record ParkedResume(string Id, Guid User, Guid Server, JsonNode? InputResponses);

/// <summary>The waiting calls of this replica. Their number is bounded, and one that nobody comes back to is cancelled at the server.</summary>
internal sealed class ParkedCallStore(UpstreamSessions sessions, IOptions<UpstreamOptions> options, TimeProvider time)
{
    private const int MaxPerUser = 32, MaxTogether = 2_000;
    private readonly ConcurrentDictionary<string, ParkedCall> waiting = new(StringComparer.Ordinal);

    /// <summary>What the ids of its calls begin with.</summary>
    public string Node { get; } = Guid.CreateVersion7().ToString("N");

    public int Count => waiting.Count;

    public bool IsOwn(string id) => NodeOf(id) == Node;

    public static string NodeOf(string id) => id.Split('.', 2)[0];

    public Task<ParkedOutcome> StartAsync(RelayRound request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var call = new ParkedCall(request, new CallClock(timeout, options.Value.AskTimeout, time, CancellationToken.None));
        call.Start(parked => SendAsync(request, parked));
        return WaitAsync(null, call, request.Call.Leg, cancellationToken);
    }

    public async Task<ParkedOutcome> ResumeAsync(ParkedResume resume, IClientLeg leg, CancellationToken cancellationToken)
    {
        if (!waiting.TryGetValue(resume.Id, out var parked) || parked.User != resume.User || parked.Server != resume.Server)
        {
            return ParkedOutcome.Fail(RelayError.InvalidParams, "The call that the requestState stands for has ended: send the request again without it.");
        }

        return parked.Give(resume.InputResponses as JsonObject) is { } wrong
            ? ParkedOutcome.Fail(RelayError.InvalidParams, wrong)
            : await WaitAsync(resume.Id, parked, leg, cancellationToken);
    }

    private async Task<ParkedOutcome> WaitAsync(string? id, ParkedCall parked, IClientLeg leg, CancellationToken cancellationToken)
    {
        ParkedOutcome outcome;
        try
        {
            outcome = await parked.WaitAsync(leg, cancellationToken);
        }
        catch
        {
            // The server failed, or the client hung up while its call was worked on.
            End(id, parked);
            throw;
        }

        if (parked.Answer.IsCompleted)
        {
            End(id, parked);
        }

        return outcome.Questions is null ? outcome
            : (id ??= Park(parked)) is not null ? outcome with { Id = id }
            : ParkedOutcome.Fail(RelayError.InternalError, "Too many calls wait for answers: answer those, or wait until they have expired.");
    }

    private async Task<RelayAnswer> SendAsync(RelayRound request, ParkedCall parked)
    {
        try
        {
            return await sessions.UseAsync(
                request.Server, request.Call.Owner, async leg => RelayAnswer.Of(await leg.ExchangeAsync(request.ToUpstream(), parked, parked.Clock.Token)), parked.Clock.Token);
        }
        catch (OperationCanceledException exception) when (parked.Clock.HasRunOut)
        {
            throw parked.Clock.Late(exception);
        }
    }

    private string? Park(ParkedCall parked)
    {
        if (waiting.Count >= MaxTogether || waiting.Values.Count(other => other.User == parked.User) >= MaxPerUser)
        {
            End(null, parked);
            return null;
        }

        var id = $"{Node}.{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
        waiting[id] = parked;
        _ = ForgetAsync(id, parked);
        return id;
    }

    // It was answered, or expired, while nobody waited: who comes late still learns what became of it.
    private async Task ForgetAsync(string id, ParkedCall parked)
    {
        await ((Task)parked.Answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(options.Value.AskTimeout, time);
        End(id, parked);
    }

    private void End(string? id, ParkedCall parked)
    {
        if (id is not null)
        {
            waiting.TryRemove(id, out _);
        }

        parked.End();
    }
}
