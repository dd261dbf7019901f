using System.ComponentModel.DataAnnotations;
using McpPlatform.Contracts.Messages;
using McpPlatform.ServiceDefaults.Authentication;
using McpPlatform.ServiceDefaults.Messaging;
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
}

internal static class RecordPageView
{
    /// <summary>Accepted, not stored: it takes the way of all telemetry, so that nobody waits for a table.</summary>
    public static Accepted Handle(RecordPageViewRequest request, CurrentUser user, TelemetryEvents<PageViewed> events, TimeProvider time)
    {
        var now = time.GetUtcNow();
        events.Record(new PageViewed
        {
            EventId = Guid.CreateVersion7(now),
            OccurredAt = now,
            UserId = user.Id,
            Username = user.Username,
            Path = request.Path,
            Referrer = request.Referrer,
            DurationMs = request.DurationMs,
        });
        return TypedResults.Accepted((string?)null);
    }
}
