namespace McpPlatform.LocalHosting;

/// <summary>What came of a command; the message says why it failed.</summary>
public sealed record ResourceCommandResult(bool Succeeded, string? Message = null);

/// <summary>Starts, stops and restarts single instances while the application runs.</summary>
public abstract class ResourceCommands
{
    /// <summary>Starts an instance that does not run.</summary>
    public abstract Task<ResourceCommandResult> StartAsync(string instanceName, CancellationToken cancellationToken = default);

    /// <summary>Stops an instance and waits until its process is gone.</summary>
    public abstract Task<ResourceCommandResult> StopAsync(string instanceName, CancellationToken cancellationToken = default);

    /// <summary>Stops the instance if it runs, and starts it anew with the same address.</summary>
    public virtual async Task<ResourceCommandResult> RestartAsync(string instanceName, CancellationToken cancellationToken = default)
    {
        var stopped = await StopAsync(instanceName, cancellationToken);
        return stopped.Succeeded ? await StartAsync(instanceName, cancellationToken) : stopped;
    }
}
