using System.ComponentModel;
using System.Net.ServerSentEvents;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AnalyticsService.Live;

internal static class StreamLive
{
    private const int MostSeconds = 86_400;

    /// <summary>Server-sent events, <c>snapshot</c>, one each second.</summary>
    public static Results<ServerSentEventsResult<LiveSnapshot>, ValidationProblem, ProblemHttpResult> Handle(
        LiveFeed feed,
        CancellationToken cancellationToken,
        [Description("After how many snapshots the stream ends, from 1 to 86400; when the client goes when nothing is said.")] int? seconds = null)
    {
        if (seconds is < 1 or > MostSeconds)
        {
            return ProblemExtensions.Invalid("seconds", "seconds must be from 1 to 86400.");
        }

        return feed.TryListen(cancellationToken) is { } snapshots
            ? TypedResults.ServerSentEvents(snapshots.Take(seconds ?? MostSeconds).Select(snapshot => new SseItem<LiveSnapshot>(snapshot, "snapshot")))
            : ProblemExtensions.Problem(StatusCodes.Status503ServiceUnavailable, "Too many watch the traffic at this moment: try again later.");
    }
}
