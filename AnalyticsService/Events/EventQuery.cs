using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using McpPlatform.ServiceDefaults.Http;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace McpPlatform.AnalyticsService.Events;

/// <summary>Which part of a table, newest first; the same for all of them.</summary>
internal sealed record EventQuery
{
    [FromQuery(Name = "from")]
    [Description("The earliest time, inclusive (RFC 3339).")]
    public DateTimeOffset? From { get; init; }

    [FromQuery(Name = "to")]
    [Description("The latest time, exclusive (RFC 3339).")]
    public DateTimeOffset? To { get; init; }

    [FromQuery(Name = "limit")]
    [Description("How many at most, from 1 to 500; 50 when nothing is said.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "cursor")]
    [Description("The next_cursor of the page before.")]
    public string? Cursor { get; init; }

    /// <summary>Reads one page. A position is a time and an id, so rows that arrive meanwhile neither repeat nor hide others.</summary>
    public async Task<Results<Ok<Page<TRow>>, ValidationProblem>> ToPageAsync<TRow>(IQueryable<TRow> rows, CancellationToken cancellationToken)
        where TRow : class, IEventRow
    {
        if (!TryValidate(out var after, out var problem))
        {
            return problem;
        }

        if (From is { } from)
        {
            var earliest = from.ToUniversalTime();
            rows = rows.Where(row => row.OccurredAt >= earliest);
        }

        if (To is { } to)
        {
            var end = to.ToUniversalTime();
            rows = rows.Where(row => row.OccurredAt < end);
        }

        if (after is var (time, id))
        {
            // A comparison of rows, which is one range of the index. https://www.npgsql.org/efcore/mapping/translations.html#row-value-comparisons
            rows = rows.Where(row => EF.Functions.LessThan(ValueTuple.Create(row.OccurredAt, row.EventId), ValueTuple.Create(time, id)));
        }

        var limit = Limit ?? ServiceDefaults.Http.Cursor.DefaultLimit;
        var found = await rows.AsNoTracking().OrderByDescending(row => row.OccurredAt).ThenByDescending(row => row.EventId).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(ServiceDefaults.Http.Cursor.ToPage(found, limit, row => $"{row.OccurredAt.UtcTicks}.{row.EventId:N}"));
    }

    private bool TryValidate(out (DateTimeOffset Time, Guid Id)? after, [NotNullWhen(false)] out ValidationProblem? problem)
    {
        problem = null;
        if (!TryReadCursor(out after))
        {
            problem = ProblemExtensions.Invalid("cursor", "cursor must be the next_cursor of the page before.");
        }
        else if (Limit is < 1 or > ServiceDefaults.Http.Cursor.MaxLimit)
        {
            problem = ProblemExtensions.Invalid("limit", "limit must be from 1 to 500.");
        }
        else if (From >= To)
        {
            problem = ProblemExtensions.Invalid("from", "from must be earlier than to.");
        }

        return problem is null;
    }

    private bool TryReadCursor(out (DateTimeOffset Time, Guid Id)? after)
    {
        after = null;
        if (!ServiceDefaults.Http.Cursor.TryDecode(Cursor, out var position) || position is null)
        {
            return string.IsNullOrEmpty(Cursor);
        }

        if (position.Split('.') is [var time, var id]
            && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && Guid.TryParseExact(id, "N", out var eventId))
        {
            after = (new DateTimeOffset(ticks, TimeSpan.Zero), eventId);
        }

        return after is not null;
    }
}
