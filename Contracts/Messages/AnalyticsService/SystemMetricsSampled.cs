namespace McpPlatform.Contracts.Messages;

/// <summary>What one process of the platform uses, sampled every ten seconds.</summary>
public sealed record SystemMetricsSampled : ITelemetryEvent
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The service, such as <c>gateway</c>.</summary>
    public required string Service { get; init; }

    /// <summary>Which of its replicas.</summary>
    public required string Instance { get; init; }

    /// <summary>Processor time since the last sample, in percent of one core.</summary>
    public required double CpuPercent { get; init; }

    /// <summary>Resident memory, in bytes.</summary>
    public required long WorkingSetBytes { get; init; }

    /// <summary>The managed heap, in bytes.</summary>
    public required long HeapBytes { get; init; }

    /// <summary>Share of time that garbage collection paused the process since it started, in percent.</summary>
    public required double GcPausePercent { get; init; }

    /// <summary>Threads of the thread pool.</summary>
    public required int ThreadCount { get; init; }

    /// <summary>Work items that wait for a thread.</summary>
    public required long QueueLength { get; init; }
}

/// <summary>Carries <see cref="SystemMetricsSampled"/> events.</summary>
/// <param name="Events">The events, oldest first.</param>
public sealed record SystemMetricsSampledBatch(IReadOnlyList<SystemMetricsSampled> Events) : ITelemetryBatch<SystemMetricsSampled>;
