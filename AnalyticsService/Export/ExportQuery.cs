using System.ComponentModel;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AnalyticsService.Export;

/// <summary>Which rows, and how they are written.</summary>
internal sealed record ExportQuery
{
    [FromQuery(Name = "format")]
    [Description("csv or ndjson; ndjson when nothing is said.")]
    public string? Format { get; init; }

    [FromQuery(Name = "from")]
    [Description("The earliest time, inclusive (RFC 3339); a day before the end when nothing is said.")]
    public DateTimeOffset? From { get; init; }

    [FromQuery(Name = "to")]
    [Description("The latest time, exclusive (RFC 3339); now when nothing is said.")]
    public DateTimeOffset? To { get; init; }

    /// <summary>What is wrong with it.</summary>
    public ValidationProblem? FindMistake(TimeProvider time)
    {
        if (Format is not (null or "csv" or "ndjson"))
        {
            return ProblemExtensions.Invalid("format", "format must be csv or ndjson.");
        }

        return RangeAt(time) is not var (from, to) ? ProblemExtensions.Invalid("to", "to must not be earlier than 1970.")
            : from >= to ? ProblemExtensions.Invalid("from", "from must be earlier than to, which is now when nothing is said.")
            : null;
    }

    /// <summary>Its beginning and end; null where the end is before all times that are stored.</summary>
    public (DateTimeOffset From, DateTimeOffset To)? RangeAt(TimeProvider time)
    {
        var to = (To ?? time.GetUtcNow()).ToUniversalTime();
        return to < DateTimeOffset.UnixEpoch ? null : (From?.ToUniversalTime() ?? to.AddDays(-1), to);
    }

    /// <summary>Writes the rows, oldest first, while they are read. Only for a query without a mistake.</summary>
    public IResult Write<TRow>(IQueryable<TRow> rows, string name, TimeProvider time)
        where TRow : class, IEventRow
    {
        var (from, to) = RangeAt(time)!.Value;
        RowWriter<TRow> writer = Format == "csv" ? new CsvWriter<TRow>() : new NdjsonWriter<TRow>();
        var found = rows.AsNoTracking().Where(row => row.OccurredAt >= from && row.OccurredAt < to).OrderBy(row => row.OccurredAt).ThenBy(row => row.EventId);
        return new Download<TRow>(found, writer, $"{name}-{from:yyyyMMdd'T'HHmmss'Z'}-{to:yyyyMMdd'T'HHmmss'Z'}.{(Format == "csv" ? "csv" : "ndjson")}");
    }

    private sealed class Download<TRow>(IQueryable<TRow> rows, RowWriter<TRow> writer, string file) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            // It takes as long as the client reads: no limit of the database for one statement, which ends with the request.
            var response = httpContext.Response;
            response.ContentType = writer.ContentType;
            response.Headers.ContentDisposition = $"attachment; filename=\"{file}\"";
            response.Headers.CacheControl = "no-store";
            await writer.WriteAsync(rows.AsAsyncEnumerable(), response.BodyWriter, httpContext.RequestAborted);
        }
    }
}
