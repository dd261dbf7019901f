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
    public IDisposable? Take(Guid user, out bool ownFault)
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
            return new Place(this, user);
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

    private sealed class Place(QueryLimit limit, Guid user) : IDisposable
    {
        private int returned;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref returned, 1) == 0)
            {
                limit.Return(user);
            }
        }
    }
}
