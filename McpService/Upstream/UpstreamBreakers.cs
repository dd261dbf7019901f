using System.Collections.Concurrent;
using Polly;
using Polly.CircuitBreaker;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// Leaves a server alone for a while that could not be reached, or kept nobody's deadline, again and again: then who asks has the answer at once. One request
/// tries it every few seconds. Lists are what counts: calls take as long as a tool takes, and end when a caller's patience does.
/// </summary>
internal sealed class UpstreamBreakers(TimeProvider time)
{
    private const int Failures = 5;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30), Pause = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<Guid, Breaker> breakers = new();

    /// <summary>Does something with a server, unless it is to be left alone.</summary>
    /// <exception cref="UpstreamException">It is left alone; or what <paramref name="work"/> throws.</exception>
    public async Task<T> UseAsync<T>(UpstreamServer server, Func<Task<T>> work)
    {
        try
        {
            return await For(server).Pipeline.ExecuteAsync(static async (state, _) => await state(), work, CancellationToken.None);
        }
        catch (BrokenCircuitException exception)
        {
            throw LeftAlone(exception);
        }
    }

    /// <summary>For who would have to wait for a new session.</summary>
    /// <exception cref="UpstreamException">It is left alone.</exception>
    public void Check(UpstreamServer server)
    {
        if (breakers.TryGetValue(server.Id, out var breaker) && breaker.Url == server.Url && breaker.State.CircuitState == CircuitState.Open)
        {
            throw LeftAlone(null);
        }
    }

    private static UpstreamException LeftAlone(Exception? inner) =>
        new(UpstreamFailure.Unreachable, "failed again and again and is left alone for a few seconds", inner);

    private Breaker For(UpstreamServer server)
    {
        var breaker = breakers.GetOrAdd(server.Id, _ => Build(server.Url));
        return breaker.Url == server.Url ? breaker : breakers[server.Id] = Build(server.Url);
    }

    private Breaker Build(Uri url)
    {
        var state = new CircuitBreakerStateProvider();
        return new(url, state, new ResiliencePipelineBuilder { TimeProvider = time }.AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            FailureRatio = 0.9,
            MinimumThroughput = Failures,
            SamplingDuration = Window,
            BreakDuration = Pause,
            StateProvider = state,
            ShouldHandle = new PredicateBuilder().Handle<UpstreamException>(exception => exception.Failure is UpstreamFailure.Unreachable or UpstreamFailure.Timeout),
        }).Build());
    }

    private sealed record Breaker(Uri Url, CircuitBreakerStateProvider State, ResiliencePipeline Pipeline);
}
