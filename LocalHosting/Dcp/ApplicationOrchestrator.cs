using System.Collections.Immutable;
using System.Security.Cryptography;
using McpPlatform.LocalHosting.Dashboard;
using McpPlatform.LocalHosting.Servers;

namespace McpPlatform.LocalHosting.Dcp;

/// <summary>Starts the resources in the order of their dependencies, keeps their state up to date, and stops them.</summary>
internal sealed partial class ApplicationOrchestrator(
    DistributedApplicationBuilder builder, ResourceNotificationService notifications, ResourceLogs logs) : ResourceCommands, IAsyncDisposable
{
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<Exception> _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _background = [];
    private readonly Dictionary<string, Instance> _instances = new(StringComparer.Ordinal);
    private readonly Dictionary<IResource, LocalServer> _servers = [];
    private HealthMonitor? _health;
    private DataDirectory? _data;
    private IDisposable? _claim;
    private string? _session;
    private DcpClient? _dcp;
    private DashboardLaunch? _dashboard;
    private DashboardResourceService? _resourceService;
    private Task? _stopped;

    /// <summary>The dashboard, when there is one.</summary>
    public DashboardLaunch? Dashboard => _dashboard;

    public async Task StartAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StartAsync(cancellationToken);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns when every resource is healthy or, if it ends by design, has ended well; fails as soon as one cannot become so.</summary>
    public async Task WhenAllHealthyAsync(CancellationToken cancellationToken)
    {
        var awaitedToEnd = builder.Resources.SelectMany(one => one.Annotations.OfType<WaitAnnotation>())
            .Where(wait => wait.Type == WaitType.WaitForCompletion).ToDictionary(wait => wait.Resource.Name, wait => wait.ExitCode, StringComparer.Ordinal);
        var healthy = Task.WhenAll(builder.Resources.Select(resource => notifications.WaitForResourceAsync(
            resource.Name,
            one => awaitedToEnd.ContainsKey(one.ResourceName) ? one.State == KnownResourceStates.Finished : one.IsHealthy,
            cancellationToken)).Append(_dashboard is null ? Task.CompletedTask : _health!.UntilAnswersAsync(new Uri(_dashboard.Url), cancellationToken)));
        var first = await Task.WhenAny(healthy, _failure.Task);
        if (first == _failure.Task)
        {
            throw await _failure.Task;
        }

        await healthy;
    }

    /// <summary>Fails with the first failure of a resource, if there is one; for waiters that would else wait for ever.</summary>
    public Task<Exception> Failure => _failure.Task;

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var engine = Engine.Find(builder.Options.Dashboard);
        _data = builder.DataDirectory.Value;
        _claim = _data.Claim();
        var ports = new Ports(_data);
        AddInstances(ports);
        foreach (var server in _servers.Values)
        {
            server.Find();
        }

        PublishParameters();
        AllocateServerPorts(ports);

        // Beside the data of a throw-away run, so that one folder is all there is to delete.
        _session = _data.IsThrowAway ? Path.Combine(_data.Path, "dcp") : Directory.CreateTempSubdirectory("mcpplatform-dcp-").FullName;
        Directory.CreateDirectory(_session);
        var preparing = _servers.ToDictionary(pair => pair.Key, pair => pair.Value.PrepareAsync(cancellationToken));
        _dcp = await DcpProcess.StartAsync(engine, _session, cancellationToken);
        _health = new HealthMonitor(notifications, _time);
        logs.Source = ReadLogAsync;
        Run(WatchAsync);
        foreach (var (resource, command) in preparing)
        {
            Run(token => StartServerAsync((ContainerResource)resource, command, token));
        }

        if (engine.Dashboard is { } program)
        {
            await StartDashboardAsync(program, cancellationToken);
        }

        await CreateServicesAsync(cancellationToken);
        foreach (var resource in builder.Resources.Where(one => one is ProjectResource or ExecutableResource))
        {
            Run(token => StartProjectAsync(resource, token));
        }
    }

    private void AddInstances(Ports ports)
    {
        foreach (var resource in builder.Resources)
        {
            if (resource is not (ProjectResource or ExecutableResource or ContainerResource))
            {
                notifications.Publish(InstanceSnapshots.Of(resource, resource.Name, _time.GetUtcNow()));
                continue;
            }

            for (var replica = 0; replica < (resource.Last<ReplicaAnnotation>()?.Replicas ?? 1); replica++)
            {
                var instance = new Instance(resource, $"{resource.Name}-{RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", 8)}");
                _instances.Add(instance.Name, instance);
                notifications.Publish(InstanceSnapshots.Of(resource, instance.Name, _time.GetUtcNow()));
                if (LocalServer.For(resource, _data!, ports, text => logs.Note(instance.Name, text)) is { } server)
                {
                    _servers.Add(resource, server);
                }
            }
        }
    }

    private void PublishParameters()
    {
        foreach (var parameter in builder.Resources.OfType<ParameterResource>())
        {
            var value = parameter.GetValue();
            notifications.Update(parameter.Name, snapshot => snapshot with
            {
                State = KnownResourceStates.Running,
                StateStyle = "success",
                StartedAt = _time.GetUtcNow(),
                Properties = [new ResourceDetail("Value", [value], parameter.Secret)],
            });
        }
    }

    private void AllocateServerPorts(Ports ports)
    {
        foreach (var (resource, endpoint) in _servers.Keys.SelectMany(one => one.Endpoints().Select(endpoint => (one, endpoint))))
        {
            if (endpoint.Port is { } wanted && !builder.Options.ThrowAway && !Ports.IsFree(wanted))
            {
                throw new DistributedApplicationException(
                    $"Port {wanted}, which '{resource.Name}' is to listen on, is in use: stop the program that uses it, or give '{resource.Name}' another port.");
            }

            endpoint.Allocate("127.0.0.1", endpoint.Port is { } port && !builder.Options.ThrowAway ? port : ports.For($"{resource.Name}-{endpoint.Name}"));
        }
    }

    private async Task StartDashboardAsync(string program, CancellationToken cancellationToken)
    {
        const int wanted = DashboardLaunch.DefaultPort;
        var port = !builder.Options.ThrowAway && Ports.IsFree(wanted) ? wanted : Ports.Free();
        if (port != wanted)
        {
            Say($"Port {wanted} is in use, so the dashboard is on {port}.");
        }

        var key = DashboardLaunch.NewKey();
        _resourceService = new DashboardResourceService(builder.ApplicationName, notifications, logs, this);
        _dashboard = new DashboardLaunch(program, port, Ports.Free(), Ports.Free(), await _resourceService.StartAsync(key, cancellationToken), key);
        var command = new ExecutableSpec(
            program, _dashboard.WorkingDirectory, DashboardLaunch.Arguments, [.. _dashboard.Environment.Select(pair => new DcpVariable(pair.Key, pair.Value))]);
        await _dcp!.CreateAsync(Executable("aspire-dashboard", command, producer: []), cancellationToken);
    }

    /// <summary>One address per endpoint, behind which DCP balances over the replicas.</summary>
    private async Task CreateServicesAsync(CancellationToken cancellationToken)
    {
        foreach (var resource in builder.Resources.Where(one => one is ProjectResource or ExecutableResource))
        {
            foreach (var endpoint in resource.Endpoints())
            {
                var port = builder.Options.ThrowAway ? null : endpoint.Port;
                if (port is { } wanted && !Ports.IsFree(wanted))
                {
                    port = Ports.Free();
                    Say($"Port {wanted} is in use, so {resource.Name} is on {port}.");
                }

                var name = ProjectCommand.ServiceName(resource, endpoint);
                await _dcp!.CreateAsync(new DcpObject<ServiceSpec, ServiceStatus>("Service", new DcpMetadata(name), new ServiceSpec(port)), cancellationToken);
                endpoint.TargetPortTemplate = DcpTemplate.PortForServing(name);
                endpoint.Allocate("localhost", await EffectivePortAsync(name, cancellationToken));
            }

            await PublishUrlsAsync(resource, cancellationToken);
        }
    }

    private async Task<int> EffectivePortAsync(string service, CancellationToken cancellationToken)
    {
        while (true)
        {
            if ((await _dcp!.ServiceAsync(service, cancellationToken))?.Status is { EffectivePort: { } port and > 0 })
            {
                return port;
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    private async Task PublishUrlsAsync(IResource resource, CancellationToken cancellationToken)
    {
        var urls = resource.Endpoints().Select(endpoint => new ResourceUrl(
            endpoint.Name, new EndpointReference((IResourceWithEndpoints)resource, endpoint.Name).Url, IsInternal: endpoint.Transport == "tcp")).ToList();
        foreach (var link in resource.Annotations.OfType<UrlAnnotation>())
        {
            urls.Add(new ResourceUrl(null, await link.Url.GetValueAsync(cancellationToken) ?? "", link.DisplayText));
        }

        foreach (var instance in InstancesOf(resource))
        {
            notifications.Update(instance.Name, snapshot => snapshot with { Urls = [.. urls] });
        }
    }

    private void Say(string text)
    {
        if (builder.Options.Console)
        {
            Report.Line(text);
        }
    }

    private IEnumerable<Instance> InstancesOf(IResource resource) => _instances.Values.Where(instance => instance.Resource == resource);

    private static DcpObject<ExecutableSpec, ExecutableStatus> Executable(string name, ExecutableSpec spec, IEnumerable<ServiceProducer> producer) =>
        new("Executable", new DcpMetadata(name, new() { ["service-producer"] = System.Text.Json.JsonSerializer.Serialize(producer) }), spec);

    /// <summary>Runs beside everything else until the application stops. What fails there fails the start, not the process.</summary>
    private void Run(Func<CancellationToken, Task> work) => _background.Add(Task.Run(async () =>
    {
        try
        {
            await work(_stopping.Token);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // The application stops; whatever broke off is wanted.
        }
        catch (Exception error)
        {
            _failure.TrySetResult(error as DistributedApplicationException ?? new DistributedApplicationException(error.Message, error));
        }
    }));
}
