using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using McpPlatform.AnalyticsService.Rollups;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace McpPlatform.AnalyticsService.Timeseries;

/// <summary>Which course of which figure.</summary>
internal sealed record TimeseriesQuery
{
    private const int MostSteps = 1_500, MostPoints = 15_000, DefaultSteps = 200, MostGroups = 50, DefaultGroups = 10;

    [FromQuery(Name = "metric")]
    [Description("The figure, such as requests, error_rate, latency_p95, tool_calls, server_uptime, cpu_p95; requests when nothing is said.")]
    public string? MetricName { get; init; }

    [FromQuery(Name = "bucket")]
    [Description("How long a step is: 1m, 5m, 15m, 1h, 6h, 1d or 7d; what makes about 200 steps when nothing is said.")]
    public string? Bucket { get; init; }

    [FromQuery(Name = "group_by")]
    [Description("What the series differ in: service, route, endpoint, status_class, user, server, tool, outcome, action, path or instance, as the figure has it.")]
    public string? GroupBy { get; init; }

    [FromQuery(Name = "group")]
    [Description("Only these values of group_by; those with the largest figures when nothing is said.")]
    public string[]? Groups { get; init; }

    [FromQuery(Name = "limit")]
    [Description("How many series at most, from 1 to 50; 10 when nothing is said.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "time_zone")]
    [Description("The IANA time zone whose days and weeks are meant, such as Europe/Berlin; UTC when nothing is said.")]
    public string? TimeZoneName { get; init; }

    /// <summary>How many series at most.</summary>
    public int Most => Limit ?? DefaultGroups;

    /// <summary>Checks it.</summary>
    /// <param name="range">The time asked of, and that there are figures of.</param>
    /// <param name="kept">From when on there are which figures, of a source.</param>
    /// <param name="course">What to read.</param>
    /// <param name="problem">What is wrong with it.</param>
    public bool TryRead(TimeRange range, Func<RollupSource, KeptFrom> kept, [NotNullWhen(true)] out Course? course, [NotNullWhen(false)] out ValidationProblem? problem)
    {
        course = null;
        if (!Metric.All.TryGetValue(MetricName ?? "requests", out var metric))
        {
            problem = ProblemExtensions.Invalid("metric", $"metric must be one of {string.Join(", ", Metric.All.Keys)}.");
        }
        else if (GroupBy is not null && !metric.Dimensions.Contains(GroupBy, StringComparer.Ordinal))
        {
            var allowed = string.Join(", ", metric.Dimensions);
            problem = ProblemExtensions.Invalid("group_by", allowed.Length == 0 ? $"{metric.Name} cannot be grouped." : $"group_by of {metric.Name} must be one of {allowed}.");
        }
        else if (Groups is { Length: > 0 } && GroupBy is null)
        {
            problem = ProblemExtensions.Invalid("group", "group needs group_by.");
        }
        else if (Groups is { Length: > MostGroups })
        {
            problem = ProblemExtensions.Invalid("group", $"There may be at most {MostGroups} values of group.");
        }
        else if (Limit is < 1 or > MostGroups)
        {
            problem = ProblemExtensions.Invalid("limit", $"limit must be from 1 to {MostGroups}.");
        }
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZoneName ?? "UTC", out var zone))
        {
            problem = ProblemExtensions.Invalid("time_zone", "time_zone must be the name of an IANA time zone, such as Europe/Berlin.");
        }
        else
        {
            var found = kept(metric.Source);
            problem = TryChoose(range.Within(found), found, out var size) ?? Check(range.Within(found), size!, zone, metric, out course);
        }

        return problem is null;
    }

    private ValidationProblem? TryChoose(TimeRange range, KeptFrom kept, out BucketSize? size)
    {
        var finest = kept.FinestAt(range.Start)?.Length() ?? TimeSpan.Zero;
        size = Bucket is null ? BucketSize.For(range, DefaultSteps, finest) : BucketSize.Of(Bucket);
        return size is null ? ProblemExtensions.Invalid("bucket", $"bucket must be one of {string.Join(", ", BucketSize.All.Select(one => one.Name))}.")
            : size.Length < finest ? ProblemExtensions.Invalid("bucket", $"So long ago there are figures of each {(finest > TimeSpan.FromHours(1) ? "day" : "hour")}, not of less.")
            : range.Length / size.Length > MostSteps ? ProblemExtensions.Invalid("bucket", $"That would be more than {MostSteps} steps: take a longer bucket or a shorter range.")
            : null;
    }

    private ValidationProblem? Check(TimeRange range, BucketSize size, TimeZoneInfo zone, Metric metric, out Course? course)
    {
        course = new Course(metric, size, zone, [.. size.Steps(range, zone)], GroupBy is null ? null : metric.Source.Dimension(GroupBy), Groups is { Length: > 0 } ? Groups : null);
        var series = GroupBy is null ? 1 : course.Groups?.Count ?? Most;
        return series * course.Steps.Count <= MostPoints
            ? null
            : ProblemExtensions.Invalid("bucket", $"That would be up to {series * course.Steps.Count} points, of which there may be {MostPoints}: take a longer bucket, a shorter range or a lower limit.");
    }
}

/// <summary>A query that can be answered.</summary>
internal sealed record Course(Metric Metric, BucketSize Size, TimeZoneInfo Zone, IReadOnlyList<TimeRange> Steps, RollupDimension? Dimension, IReadOnlyList<string>? Groups)
{
    /// <summary>All of it.</summary>
    public TimeRange Range => new(Steps[0].Start, Steps[^1].End);
}
