using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace McpPlatform.LocalHosting;

/// <summary>The one place where the state of the resources is kept; everybody else reads and watches it.</summary>
public sealed class ResourceNotificationService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResourceSnapshot> _snapshots = new(StringComparer.Ordinal);
    private readonly HashSet<Channel<ResourceSnapshot>> _watchers = [];

    /// <summary>The present state of every instance, in the order of the model.</summary>
    public IReadOnlyList<ResourceSnapshot> Snapshots
    {
        get
        {
            lock (_lock)
            {
                return [.. _snapshots.Values];
            }
        }
    }

    /// <summary>Yields the present state of every instance, then every change, until cancelled.</summary>
    public async IAsyncEnumerable<ResourceSnapshot> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<ResourceSnapshot>(new UnboundedChannelOptions { SingleReader = true });
        lock (_lock)
        {
            foreach (var snapshot in _snapshots.Values)
            {
                channel.Writer.TryWrite(snapshot);
            }

            _watchers.Add(channel);
        }

        try
        {
            await foreach (var snapshot in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return snapshot;
            }
        }
        finally
        {
            lock (_lock)
            {
                _watchers.Remove(channel);
            }
        }
    }

    /// <summary>Waits until every instance of the resource satisfies the predicate, and returns the last one that did.</summary>
    public async Task<ResourceSnapshot> WaitForResourceAsync(
        string resourceName, Func<ResourceSnapshot, bool> predicate, CancellationToken cancellationToken = default)
    {
        await foreach (var snapshot in WatchAsync(cancellationToken))
        {
            if (snapshot.ResourceName == resourceName && Of(resourceName).All(predicate))
            {
                return snapshot;
            }
        }

        throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Waits until every instance of the resource runs and is healthy; throws when it can no longer become so.</summary>
    public async Task<ResourceSnapshot> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default)
    {
        var snapshot = await WaitForResourceAsync(
            resourceName, one => one.IsHealthy || KnownResourceStates.IsTerminal(one.State), cancellationToken);
        return Of(resourceName).Find(one => !one.IsHealthy) is { } failed
            ? throw new DistributedApplicationException($"The resource '{failed.Name}' did not become healthy: it is {failed.State}"
                + (failed.ExitCode is { } code ? $" with exit code {code}." : "."))
            : snapshot;
    }

    internal List<ResourceSnapshot> Of(string resourceName) => [.. Snapshots.Where(snapshot => snapshot.ResourceName == resourceName)];

    internal ResourceSnapshot? Find(string instanceName)
    {
        lock (_lock)
        {
            return _snapshots.GetValueOrDefault(instanceName);
        }
    }

    internal void Publish(ResourceSnapshot snapshot)
    {
        lock (_lock)
        {
            Set(snapshot);
        }
    }

    internal void Update(string instanceName, Func<ResourceSnapshot, ResourceSnapshot> change)
    {
        lock (_lock)
        {
            if (_snapshots.TryGetValue(instanceName, out var before) && change(before) is var after && after != before)
            {
                Set(after);
            }
        }
    }

    private void Set(ResourceSnapshot snapshot)
    {
        _snapshots[snapshot.Name] = snapshot;
        foreach (var watcher in _watchers)
        {
            watcher.Writer.TryWrite(snapshot);
        }
    }
}
