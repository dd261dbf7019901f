using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.Tests;

/// <summary>Events to change one thing of.</summary>
internal static class Sample
{
    public static RequestCompleted Request(DateTimeOffset? at = null) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = at ?? DateTimeOffset.UtcNow,
        Method = "GET",
        Route = "users",
        Path = "/api/users",
        Status = 200,
        DurationMs = 12.5,
        RequestBytes = 0,
        ResponseBytes = 420,
        ClientIp = "192.0.2.7",
        UserAgent = "test/1.0",
        UserId = Guid.CreateVersion7(),
        Username = "alice",
        TraceId = "0af7651916cd43dd8448eb211c80319c",
    };

    public static ActivityRecorded Activity(DateTimeOffset? at = null) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = at ?? DateTimeOffset.UtcNow,
        Service = "mcpservice",
        Action = "mcp.tools.call",
        Outcome = ActivityOutcomes.Succeeded,
        UserId = Guid.CreateVersion7(),
        Username = "alice",
        TargetType = "tool",
        Target = "everything/echo",
        DurationMs = 3,
    };

    public static McpServerChecked Check(DateTimeOffset? at = null) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = at ?? DateTimeOffset.UtcNow,
        ServerId = Guid.CreateVersion7(),
        ServerName = "everything",
        Status = "healthy",
        LatencyMs = 4.5,
        ToolCount = 11,
    };

    public static SystemMetricsSampled Metrics(string service) => new()
    {
        EventId = Guid.CreateVersion7(),
        OccurredAt = DateTimeOffset.UtcNow,
        Service = service,
        Instance = "host-1",
        CpuPercent = 3.25,
        WorkingSetBytes = 90_000_000,
        HeapBytes = 10_000_000,
        GcPausePercent = 0.1,
        ThreadCount = 8,
        QueueLength = 0,
    };
}
