using McpPlatform.LocalHosting.Servers;

namespace McpPlatform.LocalHosting.Dcp;

internal sealed partial class ApplicationOrchestrator
{
    private async Task StartServerAsync(ContainerResource resource, Task<ExecutableSpec> preparing, CancellationToken cancellationToken)
    {
        var server = _servers[resource];
        var instance = InstancesOf(resource).Single();
        try
        {
            SetState(instance.Name, KnownResourceStates.Starting);
            instance.Spec = await preparing;
            await PublishUrlsAsync(resource, cancellationToken);
            foreach (var (companion, number) in server.Companions.Select((companion, number) => (companion, number)))
            {
                await _dcp!.CreateAsync(Executable($"{instance.Name}-{number}", companion, []), cancellationToken);
            }

            await _dcp!.CreateAsync(Executable(instance.Name, instance.Spec, []), cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            Fail(instance.Name, error.Message);
            throw;
        }

        Run(token => _health!.WatchAsync(instance.Name, $"{resource.Name}_check", server.CheckAsync, token));
        if (resource is PostgresServerResource postgres && postgres.Databases.Count > 0)
        {
            await notifications.WaitForResourceHealthyAsync(resource.Name, cancellationToken);
            await ((PostgresServer)server).CreateDatabasesAsync(cancellationToken);
            foreach (var database in postgres.Databases)
            {
                PublishDatabase(database);
            }
        }
    }

    private void PublishDatabase(PostgresDatabaseResource database) => notifications.Update(database.Name, snapshot => snapshot with
    {
        State = KnownResourceStates.Running,
        StateStyle = "success",
        StartedAt = _time.GetUtcNow(),
        HealthReports = [new ResourceHealth($"{database.Name}_check", true, "The database exists", _time.GetUtcNow())],
    });

    private async Task StartProjectAsync(IResource resource, CancellationToken cancellationToken)
    {
        var instances = InstancesOf(resource).ToList();
        try
        {
            if (resource.Annotations.OfType<WaitAnnotation>().Any())
            {
                instances.ForEach(instance => SetState(instance.Name, KnownResourceStates.Waiting));
                await Task.WhenAll(resource.Annotations.OfType<WaitAnnotation>().Select(wait => WaitAsync(resource, wait, cancellationToken)));
            }

            var command = new ProjectCommand(builder, _dashboard);
            foreach (var instance in instances)
            {
                SetState(instance.Name, KnownResourceStates.Starting);
                await command.PrepareAsync(instance, cancellationToken);
                await CreateAsync(instance, cancellationToken);
                foreach (var check in resource.Annotations.OfType<HttpHealthCheckAnnotation>())
                {
                    Run(token => _health!.WatchAsync(instance.Name, InstanceSnapshots.KeyOf(resource, check), _health.Http(instance, check), token));
                }
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            instances.ForEach(instance => Fail(instance.Name, error.Message));
            throw;
        }
    }

    private async Task WaitAsync(IResource resource, WaitAnnotation wait, CancellationToken cancellationToken)
    {
        var reached = await notifications.WaitForResourceAsync(
            wait.Resource.Name,
            one => KnownResourceStates.IsTerminal(one.State) || wait.Type switch
            {
                WaitType.WaitUntilHealthy => one.IsHealthy,
                WaitType.WaitUntilStarted => one.State == KnownResourceStates.Running,
                _ => false,
            },
            cancellationToken);
        var asWanted = wait.Type == WaitType.WaitForCompletion
            ? reached.State == KnownResourceStates.Finished && reached.ExitCode == wait.ExitCode
            : !KnownResourceStates.IsTerminal(reached.State);
        if (!asWanted)
        {
            throw new DistributedApplicationException($"'{resource.Name}' is not started because {await WhyAsync(reached, cancellationToken)}");
        }
    }

    private Task CreateAsync(Instance instance, CancellationToken cancellationToken) => _dcp!.CreateAsync(
        Executable(instance.Name, instance.Spec!, instance.Resource.Endpoints().Select(endpoint => new ServiceProducer(ProjectCommand.ServiceName(instance.Resource, endpoint)))),
        cancellationToken);

    /// <summary>Takes over what DCP says about the processes.</summary>
    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _dcp!.WatchExecutablesAsync(cancellationToken))
        {
            if (change.Type == "DELETED" || !_instances.TryGetValue(change.Object.Metadata.Name, out var instance) || change.Object.Status is not { State: not null } status)
            {
                continue;
            }

            if (status.EffectiveEnv is { } environment)
            {
                instance.EffectiveEnv = environment;
            }

            notifications.Update(instance.Name, snapshot => InstanceSnapshots.With(snapshot, instance, status));
            if (notifications.Find(instance.Name) is { } now && KnownResourceStates.IsTerminal(now.State))
            {
                Run(token => OnEndedAsync(instance, now, token));
            }
        }
    }

    /// <summary>An end that nobody asked for fails the start, unless it is what a dependent waits for.</summary>
    private async Task OnEndedAsync(Instance instance, ResourceSnapshot snapshot, CancellationToken cancellationToken)
    {
        var awaited = builder.Resources.SelectMany(one => one.Annotations.OfType<WaitAnnotation>())
            .FirstOrDefault(wait => wait.Type == WaitType.WaitForCompletion && wait.Resource == instance.Resource);
        if (!instance.StopRequested && !(awaited is not null && snapshot.ExitCode == awaited.ExitCode))
        {
            throw new DistributedApplicationException(await WhyAsync(snapshot, cancellationToken));
        }
    }

    /// <summary>What became of an instance, with the last thing that it said.</summary>
    private async Task<string> WhyAsync(ResourceSnapshot snapshot, CancellationToken cancellationToken)
    {
        const string unhandled = "Unhandled exception. ";
        string? thrown = null, error = null, any = null;
        await foreach (var line in logs.ReadAsync(snapshot.Name, follow: false, cancellationToken))
        {
            // Without the time stamp, and without the lines of a stack trace.
            var text = line.Text.Split(' ', 2)[^1].Trim();
            if (text.Length > 0 && !text.StartsWith("at ", StringComparison.Ordinal) && !text.StartsWith("---", StringComparison.Ordinal))
            {
                thrown ??= text.StartsWith(unhandled, StringComparison.Ordinal) ? text[unhandled.Length..] : null;
                error = line.IsError ? text : error;
                any = text;
            }
        }

        var ended = snapshot.ExitCode is { } code ? $"ended with exit code {code}" : $"is {snapshot.State}";
        return $"'{snapshot.ResourceName}' {ended}: {thrown ?? error ?? any ?? "it wrote nothing."}";
    }

    private async IAsyncEnumerable<LogLine> ReadLogAsync(
        string instanceName, bool follow, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = System.Threading.Channels.Channel.CreateUnbounded<LogLine>();
        async Task CopyAsync(string source)
        {
            await foreach (var line in _dcp!.LogAsync(instanceName, source, follow, cancellationToken))
            {
                channel.Writer.TryWrite(new LogLine(line, source == "stderr"));
            }
        }

        async Task CopyAllAsync()
        {
            try
            {
                await Task.WhenAll(CopyAsync("stdout"), CopyAsync("stderr"));
                channel.Writer.TryComplete();
            }
            catch (Exception error)
            {
                channel.Writer.TryComplete(error);
            }
        }

        var copying = CopyAllAsync();
        await foreach (var line in channel.Reader.ReadAllAsync(cancellationToken))
        {
            yield return line;
        }

        await copying;
    }

    private void SetState(string instanceName, string state) =>
        notifications.Update(instanceName, snapshot => snapshot with { State = state, StateStyle = "info" });

    private void Fail(string instanceName, string why)
    {
        logs.Note(instanceName, why, isError: true);
        notifications.Update(instanceName, snapshot => snapshot with { State = KnownResourceStates.FailedToStart, StateStyle = "error" });
    }
}
