using McpPlatform.AnalyticsService.Rollups;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AnalyticsService.Timeseries;

/// <summary>From rollups, and from rows of the last minute or two: the figures are those of all events stored when it is asked.</summary>
internal static class GetTimeseries
{
    public static async Task<Results<Ok<TimeseriesResponse>, ValidationProblem>> HandleAsync(
        RollupReader reader, TimeProvider time, [AsParameters] FiguresRange asked, [AsParameters] TimeseriesQuery query, CancellationToken cancellationToken)
    {
        if (!asked.TryRead(time.GetUtcNow(), out var range, out var problem) || !query.TryRead(range, reader.KeptFrom, out var course, out problem))
        {
            return problem;
        }

        await using var session = await reader.OpenAsync(cancellationToken);
        var series = course.Metric.Name == Metric.ActiveUsers
            ? [await ActiveUsersAsync(session, course, cancellationToken)]
            : course.Dimension is null
                ? [One(null, null, await ReadAsync(session, course, [RollupSource.All], cancellationToken), RollupSource.All, course)]
                : await GroupsAsync(session, course, query.Most, cancellationToken);
        return TypedResults.Ok(new TimeseriesResponse(
            course.Metric.Name, course.Metric.Unit, course.Size.Name, course.Zone.Id, course.Range.Start, course.Range.End, course.Dimension?.Name, session.PendingMinutes, series));
    }

    private static async Task<IReadOnlyList<Series>> GroupsAsync(RollupSession session, Course course, int most, CancellationToken cancellationToken)
    {
        var groups = course.Groups
            ?? await session.TopAsync(course.Metric.Source, course.Dimension!, course.Range, course.Metric.Largest, most, null, cancellationToken);
        var figures = await ReadAsync(session, course, groups, cancellationToken);
        var names = await Labels.OfAsync(session, course.Metric.Source, course.Dimension!, groups, cancellationToken);
        return [.. groups.Select(group => One(group, names.GetValueOrDefault(group), figures, group, course))];
    }

    private static Task<Dictionary<(int Range, string Value), Rollup>> ReadAsync(RollupSession session, Course course, IReadOnlyList<string> values, CancellationToken cancellationToken) =>
        session.ReadAsync(course.Metric.Source, course.Dimension ?? course.Metric.Source.Dimension(RollupSource.All), course.Steps, values, course.Metric.IsSpread, cancellationToken);

    private static Series One(string? group, string? label, Dictionary<(int Range, string Value), Rollup> figures, string value, Course course)
    {
        var (total, nothing) = (new Rollup(), new Rollup());
        var points = new Point[course.Steps.Count];
        for (var index = 0; index < points.Length; index++)
        {
            var found = figures.GetValueOrDefault((index, value), nothing);
            total.Add(found);
            points[index] = new(course.Steps[index].Start, course.Metric.Value(found));
        }

        return new(group, label, course.Metric.Value(total), points);
    }

    private static async Task<Series> ActiveUsersAsync(RollupSession session, Course course, CancellationToken cancellationToken)
    {
        var users = await session.ReadAsync(course.Metric.Source, course.Metric.Source.Dimension("user"), course.Steps, null, spread: false, cancellationToken);
        var counts = users.Keys.CountBy(key => key.Range).ToDictionary();
        return new(
            null, null, users.Keys.Select(key => key.Value).Distinct(StringComparer.Ordinal).Count(),
            [.. course.Steps.Select((step, index) => new Point(step.Start, counts.GetValueOrDefault(index)))]);
    }
}
