using System.Diagnostics;

namespace McpPlatform.LocalHosting.Dcp;

internal sealed partial class ApplicationOrchestrator
{
    private static readonly TimeSpan ForServices = TimeSpan.FromSeconds(3.5), ForTheRest = TimeSpan.FromSeconds(2);

    /// <summary>Services first, so that they can still reach their servers; then the servers; then DCP. Less than ten seconds in all.</summary>
    public Task StopAllAsync() => _stopped ??= StopOnceAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAllAsync();
        _stopping.Dispose();
    }

    public override async Task<ResourceCommandResult> StartAsync(string instanceName, CancellationToken cancellationToken = default)
    {
        if (!_instances.TryGetValue(instanceName, out var instance) || notifications.Find(instanceName) is not { } snapshot)
        {
            return new ResourceCommandResult(false, $"There is no instance '{instanceName}'.");
        }

        if (instance.Spec is null || !KnownResourceStates.IsTerminal(snapshot.State))
        {
            return new ResourceCommandResult(false, $"'{instanceName}' is {snapshot.State}.");
        }

        instance.StopRequested = false;
        await _dcp!.DeleteAsync(instanceName, cancellationToken);
        SetState(instanceName, KnownResourceStates.Starting);
        await CreateAsync(instance, cancellationToken);
        return new ResourceCommandResult(true);
    }

    public override async Task<ResourceCommandResult> StopAsync(string instanceName, CancellationToken cancellationToken = default)
    {
        if (!_instances.TryGetValue(instanceName, out var instance) || notifications.Find(instanceName) is not { } snapshot)
        {
            return new ResourceCommandResult(false, $"There is no instance '{instanceName}'.");
        }

        if (!KnownResourceStates.IsTerminal(snapshot.State))
        {
            await StopAsync(instance, cancellationToken);
            await notifications.WaitForResourceAsync(
                instance.Resource.Name, one => one.Name != instanceName || KnownResourceStates.IsTerminal(one.State), cancellationToken);
        }

        return new ResourceCommandResult(true);
    }

    private async Task StopOnceAsync()
    {
        await _stopping.CancelAsync();
        if (_resourceService is not null)
        {
            await _resourceService.DisposeAsync();
        }

        await Task.WhenAll(_background);
        if (_dcp is { } dcp)
        {
            await WithinAsync(ForServices, token => StopAsync(_instances.Values.Where(one => !_servers.ContainsKey(one.Resource)), token));
            await Task.WhenAll(_servers.Values.Select(server => server.DisposeAsync().AsTask()));
            var servers = _instances.Values.Where(one => _servers.ContainsKey(one.Resource)).ToList();
            await WithinAsync(ForTheRest, token => StopAsync(servers, token));

            // What RabbitMQ confirmed and PostgreSQL committed is on disk.
            await WithinAsync(ForTheRest, token => Task.WhenAll(servers.Select(server => KillAsync(server, token))));
            await WithinAsync(ForTheRest, dcp.ShutDownAsync);
            await WithinAsync(ForTheRest, token => DcpProcess.WhenGoneAsync(_session!, token));
            dcp.Dispose();
        }

        _health?.Dispose();
        _claim?.Dispose();
        if (_session is not null && Directory.Exists(_session))
        {
            await DeleteAsync(_session);
        }

        if (_data is { IsThrowAway: true })
        {
            await DeleteAsync(_data.Path);
        }
    }

    private async Task StopAsync(IEnumerable<Instance> instances, CancellationToken cancellationToken)
    {
        await Task.WhenAll(instances.Select(async instance =>
        {
            await StopAsync(instance, cancellationToken);
            while (await _dcp!.StatusAsync(instance.Name, cancellationToken) is { State: not ("Finished" or "Terminated" or "FailedToStart") })
            {
                await Task.Delay(50, cancellationToken);
            }
        }));
    }

    private async Task StopAsync(Instance instance, CancellationToken cancellationToken)
    {
        instance.StopRequested = true;
        if (await _dcp!.StatusAsync(instance.Name, cancellationToken) is not { State: "Running", Pid: { } pid })
        {
            return;
        }

        var server = _servers.GetValueOrDefault(instance.Resource);
        if (server is not null && _data!.IsThrowAway)
        {
            await SignalAsync("KILL", pid); // Nobody will read its files again.
        }
        else if (server?.StopSignal is { } signal)
        {
            await SignalAsync(signal, pid);
        }
        else
        {
            await _dcp.StopAsync(instance.Name, cancellationToken);
        }
    }

    private async Task KillAsync(Instance instance, CancellationToken cancellationToken)
    {
        while (await _dcp!.StatusAsync(instance.Name, cancellationToken) is { State: "Running" or "Stopping", Pid: { } pid })
        {
            await SignalAsync("KILL", pid);
            await Task.Delay(50, cancellationToken);
        }
    }

    private static async Task SignalAsync(string signal, int pid)
    {
        using var kill = Process.Start(new ProcessStartInfo("kill", [$"-{signal}", $"{pid}"]) { UseShellExecute = false, RedirectStandardError = true })!;
        await kill.WaitForExitAsync();
    }

    /// <summary>What does not stop in time is killed by the next step.</summary>
    private static async Task WithinAsync(TimeSpan limit, Func<CancellationToken, Task> work)
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            await work(patience.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or HttpRequestException)
        {
            // Too slow, or DCP has gone already.
        }
    }

    private static async Task DeleteAsync(string folder)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                return;
            }
            catch (IOException) when (attempt < 20)
            {
                await Task.Delay(100); // A process that is just ending writes its last file.
            }
        }
    }
}
