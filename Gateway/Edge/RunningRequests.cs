using System.Collections.Concurrent;
using McpPlatform.ServiceDefaults.Authentication;

namespace McpPlatform.Gateway.Edge;

/// <summary>
/// Ends requests whose token is revoked while they run: event streams, chats and long calls, which may go on for hours after the token was checked. The services behind see that
/// their caller has gone, and stop. Within a second of the announcement; within <see cref="Interval"/> where the announcement was lost. While nobody
/// can say what was revoked they go on: nobody new is let in at that time.
/// </summary>
internal sealed partial class RunningRequests(RevocationCheck revocations, TimeProvider time, ILogger<RunningRequests> logger) : BackgroundService
{
    /// <summary>Set among the items of a request that was ended here.</summary>
    public const string EndedItem = "mcpplatform.token_revoked";

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500), Interval = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<Running, byte> running = new();

    public async Task WatchAsync(HttpContext context, RequestDelegate next)
    {
        var request = new Running(context, time.GetTimestamp());
        running[request] = 0;
        try
        {
            await next(context);
        }
        finally
        {
            running.TryRemove(request, out _);
            if (request.Leave())
            {
                context.Items[EndedItem] = true;
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, time);
        var (last, epoch) = (time.GetTimestamp(), revocations.Epoch);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var (now, current) = (time.GetTimestamp(), revocations.Epoch);
            if (current != epoch || time.GetElapsedTime(last, now) >= Interval)
            {
                (last, epoch) = (now, current);
                await SweepAsync(now, stoppingToken);
            }
        }
    }

    // Those that have just begun were checked when they did.
    private async Task SweepAsync(long now, CancellationToken cancellationToken)
    {
        var tokens = running.Keys.Where(request => time.GetElapsedTime(request.Checked, now) >= Tick).GroupBy(request => request.Token);
        await Parallel.ForEachAsync(tokens, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = cancellationToken }, async (requests, _) =>
        {
            try
            {
                var alive = await revocations.IsAliveAsync(requests.Key);
                foreach (var request in requests)
                {
                    request.Checked = now;
                    if (!alive && request.TryEnd())
                    {
                        LogEnded(request.Token.User);
                    }
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // The next round asks again.
                LogUndecided(exception);
            }
        });
    }

    [LoggerMessage(330, LogLevel.Information, "A running request of user {UserId} was ended: its token was revoked")]
    private partial void LogEnded(string userId);

    [LoggerMessage(331, LogLevel.Debug, "Whether the tokens of running requests were revoked cannot be said at the moment")]
    private partial void LogUndecided(Exception exception);

    /// <summary>The server uses a context again for another request: what ends a request must not meet the next one.</summary>
    private sealed class Running(HttpContext context, long started)
    {
        private readonly Lock gate = new();
        private HttpContext? current = context;
        private bool ended;

        public RevocationQuery Token { get; } = RevocationQuery.Of(context.User);

        public long Checked { get; set; } = started;

        /// <returns>Whether it was ended before.</returns>
        public bool Leave()
        {
            lock (gate)
            {
                current = null;
                return ended;
            }
        }

        public bool TryEnd()
        {
            lock (gate)
            {
                if (current is null || ended)
                {
                    return false;
                }

                ended = true;
                current.Abort();
                return true;
            }
        }
    }
}

/// <summary>Requests with a token are watched until they end.</summary>
internal static class RunningRequestsSetup
{
    public static void AddRunningRequests(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RunningRequests>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<RunningRequests>());
    }

    public static void UseRunningRequests(this WebApplication app)
    {
        var requests = app.Services.GetRequiredService<RunningRequests>();
        app.Use((context, next) => context.User.Identity?.IsAuthenticated == true ? requests.WatchAsync(context, next) : next(context));
    }
}
