namespace McpPlatform.TestSupport;

/// <summary>Metrics of .NET, as Prometheus names them, that dashboard and alerts rely on: what looks at files and what looks at a service agree on them here.</summary>
public static class FrameworkMetrics
{
    public static IReadOnlyList<string> Names { get; } =
    [
        "http_server_request_duration_seconds_bucket", "http_server_request_duration_seconds_count", "dotnet_process_cpu_time_seconds_total", "dotnet_process_memory_working_set_bytes",
        "dotnet_gc_pause_time_seconds_total", "dotnet_thread_pool_thread_count_total", "dotnet_thread_pool_queue_length_total", "kestrel_active_connections",
    ];
}
