namespace McpPlatform.Contracts.Messages;

/// <summary>Somebody looked at a page of the console.</summary>
public sealed record PageViewed : ITelemetryEvent
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>Who.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The user's name at the time.</summary>
    public string? Username { get; init; }

    /// <summary>The page's path, without query and fragment.</summary>
    public required string Path { get; init; }

    /// <summary>The page that the person came from.</summary>
    public string? Referrer { get; init; }

    /// <summary>How long the person stayed, in milliseconds.</summary>
    public double? DurationMs { get; init; }

    /// <summary>What the browser calls its visit.</summary>
    public string? SessionId { get; init; }
}

/// <summary>Carries <see cref="PageViewed"/> events.</summary>
/// <param name="Events">The events, oldest first.</param>
public sealed record PageViewedBatch(IReadOnlyList<PageViewed> Events) : ITelemetryBatch<PageViewed>;
