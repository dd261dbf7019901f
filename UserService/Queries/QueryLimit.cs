using McpPlatform.UserService.Queries.Engines;
using Microsoft.Extensions.Options;

namespace McpPlatform.UserService.Queries;

/// <summary>How many queries are under way.</summary>
internal sealed class QueryLimit(IOptions<QueryOptions> options)
{
    private readonly Dictionary<Guid, int> running = [];
    private int together;

    /// <summary>Takes a place.</summary>
    /// <param name="user">Whose query it is.</param>
    /// <param name="ownFault">Without a place: whether it is this user who has too many.</param>
    /// <returns>What gives it back; null when there is none.</returns>
    public QueryPlace? Take(Guid user, out bool ownFault)
    {
        lock (running)
        {
            var own = running.GetValueOrDefault(user);
            ownFault = own >= options.Value.PerUser;
            if (ownFault || together >= options.Value.Together)
            {
                return null;
            }

            running[user] = own + 1;
            together++;
            return new QueryPlace(() => Return(user));
        }
    }

    private void Return(Guid user)
    {
        lock (running)
        {
            together--;
            if (--running[user] == 0)
            {
                running.Remove(user);
            }
        }
    }
}

/// <summary>One query's place, given back when disposed of, or later.</summary>
internal sealed class QueryPlace(Action giveBack) : IDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(4);
    private Task? held;
    private int returned;

    /// <summary>
    /// Waits for work with a database, and not much longer than its time: a server that neither stops nor closes keeps the connection busy, because drivers read to the end what they
    /// were sent. Then the caller has an answer, and the place is given back only when the server lets go.
    /// </summary>
    /// <exception cref="QueryFailedException">It took too long.</exception>
    public async Task<T> AwaitAsync<T>(Task<T> work, TimeSpan timeout)
    {
        try
        {
            return await work.WaitAsync(timeout + Farewell, CancellationToken.None);
        }
        catch (TimeoutException exception) when (!work.IsCompleted)
        {
            held = work;
            throw QueryFailedException.TimedOut(exception);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref returned, 1) == 0)
        {
            // How abandoned work ends concerns nobody any more.
            _ = (held ?? Task.CompletedTask).ContinueWith(
                ended =>
                {
                    _ = ended.Exception;
                    giveBack();
                },
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }
}
