using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AnalyticsService.PageViews;

/// <summary>A page that the caller looked at.</summary>
public sealed record RecordPageViewRequest
{
    /// <summary>The page's path, without query and fragment: those carry secrets.</summary>
    [Required]
    [RegularExpression(@"^/[^?#\p{Cc}]{0,2047}$", ErrorMessage = "path must begin with a slash, without query and fragment, and have at most 2048 characters.")]
    public required string Path { get; init; }

    /// <summary>The page that the caller came from, without query and fragment.</summary>
    [RegularExpression(@"^[^?#\p{Cc}]{0,2048}$", ErrorMessage = "referrer must come without query and fragment, and have at most 2048 characters.")]
    public string? Referrer { get; init; }

    /// <summary>How long the caller stayed, in milliseconds; at most a day.</summary>
    [Range(0, 86_400_000, ErrorMessage = "duration_ms must be from 0 to 86400000.")]
    public double? DurationMs { get; init; }

    /// <summary>What the browser calls its visit: 1 to 64 letters, digits, hyphens and underscores, made at random.</summary>
    [RegularExpression("^[A-Za-z0-9_-]{1,64}$", ErrorMessage = "session_id must be 1 to 64 letters, digits, hyphens and underscores.")]
    public string? SessionId { get; init; }

    /// <summary>How long ago it was, in milliseconds, at most a day: a browser's clock may be wrong, its count of time is not.</summary>
    [Range(0, 86_400_000, ErrorMessage = "ago_ms must be from 0 to 86400000.")]
    public double? AgoMs { get; init; }
}

/// <summary>Pages that the caller looked at, in one request.</summary>
/// <param name="Views">1 to 100 of them.</param>
public sealed record RecordPageViewsRequest(
    [Required(ErrorMessage = "views must be 1 to 100.")]
    [MinLength(1, ErrorMessage = "views must be 1 to 100.")]
    [MaxLength(100, ErrorMessage = "views must be 1 to 100.")] IReadOnlyList<RecordPageViewRequest>? Views);

internal static class RecordPageView
{
    /// <summary>Accepted, not stored: it takes the way of all telemetry, so that nobody waits for a table. 204 to a browser that asks not to be tracked: nothing is recorded.</summary>
    public static Results<Accepted, NoContent> Handle(RecordPageViewRequest request, HttpRequest http, CurrentUser user, TelemetryEvents<PageViewed> events, TimeProvider time) =>
        TryRecord([request], http, user, events, time) ? TypedResults.Accepted((string?)null) : TypedResults.NoContent();

    /// <summary>The same for many.</summary>
    public static Results<Accepted, NoContent, ValidationProblem> HandleMany(
        RecordPageViewsRequest request, HttpRequest http, CurrentUser user, TelemetryEvents<PageViewed> events, TimeProvider time)
    {
        if (request.Views!.Any(view => view is null))
        {
            return ProblemExtensions.Invalid("views", "views must be objects with a path.");
        }

        return TryRecord(request.Views!, http, user, events, time) ? TypedResults.Accepted((string?)null) : TypedResults.NoContent();
    }

    // Do Not Track, and what came after it: https://www.w3.org/TR/tracking-dnt/ and https://www.w3.org/TR/gpc/
    private static bool TryRecord(IReadOnlyList<RecordPageViewRequest> views, HttpRequest http, CurrentUser user, TelemetryEvents<PageViewed> events, TimeProvider time)
    {
        if (http.Headers["DNT"] == "1" || http.Headers["Sec-GPC"] == "1")
        {
            return false;
        }

        var now = time.GetUtcNow();
        foreach (var view in views)
        {
            var at = now.AddMilliseconds(-(view.AgoMs ?? 0));
            events.Record(new PageViewed
            {
                EventId = Guid.CreateVersion7(at),
                OccurredAt = at,
                UserId = user.Id,
                Username = user.Username,
                Path = view.Path,
                Referrer = view.Referrer,
                DurationMs = view.DurationMs,
                SessionId = view.SessionId,
            });
        }

        return true;
    }
}
