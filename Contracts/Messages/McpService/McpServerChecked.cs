namespace McpPlatform.Contracts.Messages;

/// <summary>One health check of one MCP server.</summary>
public sealed record McpServerChecked : ITelemetryEvent
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The server's id in the registry.</summary>
    public required Guid ServerId { get; init; }

    /// <summary>Its name at the time.</summary>
    public required string ServerName { get; init; }

    /// <summary><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</summary>
    public required string Status { get; init; }

    /// <summary>How long the check took, in milliseconds.</summary>
    public required double LatencyMs { get; init; }

    /// <summary>How many tools it listed; null when it did not answer.</summary>
    public int? ToolCount { get; init; }

    /// <summary>Why it is not healthy, in plain words.</summary>
    public string? Error { get; init; }
}

/// <summary>Carries <see cref="McpServerChecked"/> events.</summary>
/// <param name="Events">The events, oldest first.</param>
public sealed record McpServerCheckedBatch(IReadOnlyList<McpServerChecked> Events) : ITelemetryBatch<McpServerChecked>;
