namespace McpPlatform.McpService.Health;

/// <summary>What the monitor found: columns of <c>mcp_servers</c>.</summary>
internal sealed record ServerHealth
{
    public const string Unknown = "unknown", Healthy = "healthy", Degraded = "degraded", Unhealthy = "unhealthy";

    /// <summary>Checks in a row that must agree before a server that was well is not: one lost probe is not an outage.</summary>
    public const int Agreement = 2;

    public string Status { get; init; } = Unknown;

    /// <summary>Why it is not healthy, or why the last check failed, in plain words.</summary>
    public string? Cause { get; init; }

    public double? LatencyMs { get; init; }

    public int? ToolCount { get; init; }

    public string? ProtocolVersion { get; init; }

    public int ConsecutiveFailures { get; init; }

    public int ConsecutiveSlow { get; init; }

    public DateTimeOffset? CheckedAt { get; init; }

    /// <summary>Not to be checked before; null for at once. A replica that takes a check sets it, so that no other does the same.</summary>
    public DateTimeOffset? NextCheckAt { get; init; }

    /// <summary>Name, address, connection, TLS.</summary>
    public PartHealth Reachable { get; init; } = new();

    /// <summary>It speaks MCP: HTTP 200 alone proves nothing.</summary>
    public PartHealth Protocol { get; init; } = new();

    /// <summary>It accepts what the platform shows it.</summary>
    public PartHealth Credential { get; init; } = new();

    public ServerHealth After(ProbeResult probe, TimeSpan slow, DateTimeOffset now)
    {
        var isSlow = probe.Failed is null && probe.Elapsed >= slow;
        var next = this with
        {
            Reachable = Reachable.After(probe.Of(HealthPart.Reachable), probe.Cause, probe.ReachableIn, now),
            Protocol = Protocol.After(probe.Of(HealthPart.Protocol), probe.Cause, probe.Elapsed, now),
            Credential = Credential.After(probe.Of(HealthPart.Credential), probe.Cause, probe.Elapsed, now),
            Cause = isSlow ? $"It answers, but took {probe.Elapsed.TotalMilliseconds:0} ms." : probe.Cause,
            LatencyMs = probe.Elapsed.TotalMilliseconds,
            ToolCount = probe.Failed is null ? probe.ToolCount : ToolCount,
            ProtocolVersion = probe.ProtocolVersion ?? ProtocolVersion,
            ConsecutiveFailures = probe.Failed is null ? 0 : ConsecutiveFailures + 1,
            ConsecutiveSlow = isSlow ? ConsecutiveSlow + 1 : 0,
            CheckedAt = now,
        };
        return next with { Status = next.Judge(probe.Failed is null) };
    }

    private string Judge(bool good) =>
        Reachable.IsFailing || Protocol.IsFailing || Credential.IsFailing ? Unhealthy
        : ConsecutiveSlow >= Agreement ? Degraded

        // A single failure, or a single slow answer, changes nothing yet.
        : !good || ConsecutiveSlow > 0 && Status == Degraded ? Status
        : Healthy;
}

/// <summary>What can be wrong with a server; each needs the one before it.</summary>
internal enum HealthPart
{
    Reachable,
    Credential,
    Protocol,
}

/// <summary>How one part was.</summary>
internal sealed record PartHealth
{
    public const string Unknown = "unknown", Ok = "ok", Failing = "failing";

    public string State { get; init; } = Unknown;

    /// <summary>Why the last look at it failed, in plain words; null when it did not.</summary>
    public string? Cause { get; init; }

    public double? LatencyMs { get; init; }

    public int Failures { get; init; }

    /// <summary>Since when the state is what it is.</summary>
    public DateTimeOffset? Since { get; init; }

    public DateTimeOffset? CheckedAt { get; init; }

    public DateTimeOffset? LastOkAt { get; init; }

    public bool IsFailing => State == Failing;

    /// <param name="ok">Null when this look did not come so far.</param>
    /// <param name="cause">Why not.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="now">When.</param>
    public PartHealth After(bool? ok, string? cause, TimeSpan? elapsed, DateTimeOffset now)
    {
        if (ok is null)
        {
            return this;
        }

        var failures = ok.Value ? 0 : Failures + 1;
        var state = ok.Value ? Ok : failures >= ServerHealth.Agreement ? Failing : State;
        return new()
        {
            State = state, Cause = ok.Value ? null : cause, LatencyMs = elapsed?.TotalMilliseconds, Failures = failures, Since = state == State ? Since : now, CheckedAt = now,
            LastOkAt = ok.Value ? now : LastOkAt,
        };
    }
}

/// <summary>What one look at a server gave.</summary>
/// <param name="Elapsed">How long it took.</param>
internal sealed record ProbeResult(TimeSpan Elapsed)
{
    /// <summary>What did not work; null when all did.</summary>
    public HealthPart? Failed { get; init; }

    /// <summary>Why, in plain words.</summary>
    public string? Cause { get; init; }

    /// <summary>How long it took until there was a connection, where that is known.</summary>
    public TimeSpan? ReachableIn { get; init; }

    /// <summary>How many tools it listed; null when it did not.</summary>
    public int? ToolCount { get; init; }

    /// <summary>What was negotiated; null when it did not come so far.</summary>
    public string? ProtocolVersion { get; init; }

    public static ProbeResult Bad(TimeSpan elapsed, HealthPart part, string cause) => new(elapsed) { Failed = part, Cause = cause };

    /// <summary>Whether a part worked; null when the look did not come so far.</summary>
    public bool? Of(HealthPart part) => Failed is not { } failed || part < failed ? true : part == failed ? false : null;
}
