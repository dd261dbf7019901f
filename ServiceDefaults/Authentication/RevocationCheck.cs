using System.Collections.Concurrent;

namespace McpPlatform.ServiceDefaults.Authentication;

/// <summary>
/// Whether a token was ended before it expires: looked up at most once a second for each token, in Redis where that is complete and answers, else at
/// <see cref="IRevocationTruth"/>. Where neither answers nobody is let in.
/// </summary>
/// <param name="list">The copy in Redis.</param>
/// <param name="truth">Who knows where that is not whole.</param>
/// <param name="time">The clock.</param>
public sealed class RevocationCheck(RevocationList list, IRevocationTruth truth, TimeProvider time)
{
    private const int LargestBatch = 256;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private readonly ConcurrentQueue<(RevocationQuery Query, TaskCompletionSource<bool> Answer)> waiting = new();
    private int asking;

    /// <summary>Counts up when something was revoked: what was found alive before is to be looked up again.</summary>
    public long Epoch => list.Epoch;

    /// <summary>Looks a token up, now.</summary>
    /// <param name="token">What it is known by.</param>
    /// <returns>Whether it may still be used.</returns>
    /// <exception cref="UndecidedException">Nobody who knows can be asked.</exception>
    public async Task<bool> IsAliveAsync(RevocationQuery token) => !(await list.FindAsync(token) ?? await AskTruthAsync(token));

    /// <summary>Whether a valid token may still be used.</summary>
    /// <exception cref="UndecidedException">Nobody who knows can be asked.</exception>
    internal ValueTask<bool> IsAliveAsync(KnownToken token)
    {
        if (token.IsRevoked)
        {
            return ValueTask.FromResult(false);
        }

        return token.Alive is { } seen && seen.Epoch == list.Epoch && time.GetElapsedTime(seen.At) < Fresh
            ? ValueTask.FromResult(true)
            : new(token.CheckOnceAsync(CheckAsync));
    }

    private async Task<bool> CheckAsync(KnownToken token)
    {
        var seen = new KnownToken.Sighting(time.GetTimestamp(), list.Epoch);
        if (!await IsAliveAsync(token.Query))
        {
            return !(token.IsRevoked = true);
        }

        token.Alive = seen;
        return true;
    }

    // While one question is on its way the others gather for the next one: without Redis, AuthService is asked once for many tokens.
    private Task<bool> AskTruthAsync(RevocationQuery query)
    {
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.Enqueue((query, answer));
        if (Interlocked.Exchange(ref asking, 1) == 0)
        {
            _ = Task.Run(AskAllAsync);
        }

        return answer.Task;
    }

    private async Task AskAllAsync()
    {
        do
        {
            for (var batch = TakeBatch(); batch.Count > 0; batch = TakeBatch())
            {
                await AskAsync(batch);
            }

            // Not Volatile.Write: the queue must not be looked at before.
            Interlocked.Exchange(ref asking, 0);
        }
        while (!waiting.IsEmpty && Interlocked.Exchange(ref asking, 1) == 0);
    }

    private List<(RevocationQuery Query, TaskCompletionSource<bool> Answer)> TakeBatch()
    {
        List<(RevocationQuery, TaskCompletionSource<bool>)> batch = [];
        while (batch.Count < LargestBatch && waiting.TryDequeue(out var one))
        {
            batch.Add(one);
        }

        return batch;
    }

    private async Task AskAsync(List<(RevocationQuery Query, TaskCompletionSource<bool> Answer)> batch)
    {
        try
        {
            var revoked = (await truth.AskAsync([.. batch.Select(one => one.Query)], CancellationToken.None)).Revoked;
            for (var index = 0; index < batch.Count; index++)
            {
                batch[index].Answer.SetResult(revoked[index]);
            }
        }
        catch (Exception exception)
        {
            batch.ForEach(one => one.Answer.TrySetException(new UndecidedException("Neither Redis nor AuthService says whether the token was revoked.", exception)));
        }
    }
}
