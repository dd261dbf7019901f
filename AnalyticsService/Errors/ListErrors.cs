using System.ComponentModel;
using System.Globalization;
using McpPlatform.AnalyticsService.Data;
using McpPlatform.AnalyticsService.Rollups;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AnalyticsService.Errors;

internal static class ListErrors
{
    private const int Most = 200, Default = 50;

    public static async Task<Results<Ok<ErrorsResponse>, ValidationProblem>> HandleAsync(
        RollupReader reader, AnalyticsDbContext db, TimeProvider time, [AsParameters] FiguresRange asked, CancellationToken cancellationToken,
        [Description("How many causes at most, from 1 to 200; 50 when nothing is said.")] int? limit = null)
    {
        if (!asked.TryRead(time.GetUtcNow(), out var range, out var problem))
        {
            return problem;
        }

        if (limit is < 1 or > Most)
        {
            return ProblemExtensions.Invalid("limit", "limit must be from 1 to 200.");
        }

        var source = RollupSources.Requests;
        range = range.Within(reader.KeptFrom(source));
        await using var session = await reader.OpenAsync(cancellationToken);
        var requests = await session.ReadAsync(source, source.Dimension(RollupSource.All), [range], null, spread: false, cancellationToken);
        var all = requests.Values.Sum(found => found.Count);
        var causes = await session.TopAsync(source, source.Dimension("error"), range, "count", limit ?? Default, null, cancellationToken);
        var figures = await session.ReadAsync(source, source.Dimension("error"), [range], causes, spread: false, cancellationToken);
        List<ErrorCause> items = [];
        foreach (var cause in causes)
        {
            items.Add(await CauseAsync(db, JsonText.Parts(cause), figures[(0, cause)], all, cancellationToken));
        }

        return TypedResults.Ok(new ErrorsResponse(range.Start, range.End, all, session.PendingMinutes, items));
    }

    private static async Task<ErrorCause> CauseAsync(AnalyticsDbContext db, IReadOnlyList<string?> parts, Rollup figures, long all, CancellationToken cancellationToken)
    {
        var (status, error, service, method, route) = (int.Parse(parts[0]!, CultureInfo.InvariantCulture), parts[1], parts[2], parts[3]!, parts[4]);
        var at = figures.LastAt!.Value;

        // The time of the last one is known, so that it is one step in the index of times.
        var example = await db.Requests.Where(row => row.OccurredAt == at && row.Status == status && row.Error == error && row.Method == method && row.Route == route)
            .Select(row => new ErrorExample(row.EventId, row.Path, row.UserId, row.TraceId)).FirstOrDefaultAsync(cancellationToken);
        return new(status, error, service, method, route, figures.Count, (double)figures.Count / all, at, example);
    }
}
