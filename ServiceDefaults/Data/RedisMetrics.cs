using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace McpPlatform.ServiceDefaults.Data;

/// <summary>What the client knows of itself, as metrics: it brings no instrumentation of its own.</summary>
internal sealed class RedisMetrics : IHostedService, IDisposable
{
    private readonly IConnectionMultiplexer redis;
    private readonly Meter meter;
    private readonly Counter<long> failures;

    public RedisMetrics(IConnectionMultiplexer redis, IMeterFactory meters)
    {
        this.redis = redis;
        meter = meters.Create("McpPlatform.Redis");
        failures = meter.CreateCounter<long>("db.client.connection.failures", description: "Connections to Redis that failed.");
        meter.CreateObservableCounter("db.client.operations", () => redis.OperationCount, description: "Operations sent to Redis.");
        meter.CreateObservableGauge("db.client.operations.pending", () => redis.GetCounters().TotalOutstanding, description: "Operations that wait for Redis.");
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        redis.ConnectionFailed += CountFailure;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        redis.ConnectionFailed -= CountFailure;
        return Task.CompletedTask;
    }

    public void Dispose() => meter.Dispose();

    private void CountFailure(object? sender, ConnectionFailedEventArgs args) =>
        failures.Add(1, new KeyValuePair<string, object?>("error.type", args.FailureType.ToString()));
}
