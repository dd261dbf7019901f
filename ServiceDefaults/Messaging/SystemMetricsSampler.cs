using McpPlatform.Contracts.Messages;
using Microsoft.Extensions.Hosting;

namespace McpPlatform.ServiceDefaults.Messaging;

/// <summary>Samples what this process uses.</summary>
internal sealed class SystemMetricsSampler(TelemetryEvents<SystemMetricsSampled> events, ServiceIdentity identity, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var (at, used) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime);
        while (await timer.WaitForNextTickAsync(stoppingToken).AsTask().ContinueWith(tick => tick.IsCompletedSuccessfully, TaskScheduler.Default))
        {
            var (now, total) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var elapsed = time.GetElapsedTime(at, now);
            events.Record(Sample(elapsed > TimeSpan.Zero ? (total - used) / elapsed * 100 : 0));
            (at, used) = (now, total);
        }
    }

    private SystemMetricsSampled Sample(double cpuPercent) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = time.GetUtcNow(),
        Service = identity.Name,
        Instance = identity.Instance,
        CpuPercent = Math.Round(cpuPercent, 2),
        WorkingSetBytes = Environment.WorkingSet,
        HeapBytes = GC.GetTotalMemory(forceFullCollection: false),
        GcPausePercent = GC.GetGCMemoryInfo().PauseTimePercentage,
        ThreadCount = ThreadPool.ThreadCount,
        QueueLength = ThreadPool.PendingWorkItemCount,
    };
}
