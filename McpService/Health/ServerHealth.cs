namespace McpPlatform.McpService.Health;

/// <summary>What the monitor found: columns of <c>mcp_servers</c>.</summary>
internal sealed record ServerHealth
{
    public const string Unknown = "unknown", Healthy = "healthy", Degraded = "degraded", Unhealthy = "unhealthy";

    /// <summary>Failures in a row before a server is unhealthy: one lost probe is not an outage.</summary>
    public const int FailuresUntilUnhealthy = 2;

    public string Status { get; init; } = Unknown;

    /// <summary>Why it is not healthy, in plain words.</summary>
    public string? Cause { get; init; }

    public double? LatencyMs { get; init; }

    public int? ToolCount { get; init; }

    public string? ProtocolVersion { get; init; }

    public int ConsecutiveFailures { get; init; }

    public DateTimeOffset? CheckedAt { get; init; }

    /// <summary>When a person's tool call last went through.</summary>
    public DateTimeOffset? LastGoodCallAt { get; init; }

    public ServerHealth After(ProbeResult probe, TimeSpan slow, DateTimeOffset now)
    {
        var failures = probe.Cause is null ? 0 : ConsecutiveFailures + 1;
        var tooSlow = probe.Cause is null && probe.Elapsed >= slow;
        return this with
        {
            Status = failures >= FailuresUntilUnhealthy ? Unhealthy : failures > 0 || tooSlow ? Degraded : Healthy,
            Cause = tooSlow ? $"It answers, but took {probe.Elapsed.TotalMilliseconds:0} ms." : probe.Cause,
            LatencyMs = probe.Elapsed.TotalMilliseconds,
            ToolCount = probe.ToolCount,
            ProtocolVersion = probe.ProtocolVersion ?? ProtocolVersion,
            ConsecutiveFailures = failures,
            CheckedAt = now,
        };
    }
}

/// <summary>What one look at a server gave.</summary>
/// <param name="Elapsed">How long it took.</param>
/// <param name="ToolCount">How many tools it listed; null when it did not.</param>
/// <param name="ProtocolVersion">What was negotiated; null when it was not reached.</param>
/// <param name="Cause">Why it failed, in plain words; null when it did not.</param>
internal sealed record ProbeResult(TimeSpan Elapsed, int? ToolCount, string? ProtocolVersion, string? Cause);
