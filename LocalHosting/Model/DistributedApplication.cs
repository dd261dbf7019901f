using System.Reflection;
using System.Runtime.InteropServices;
using McpPlatform.LocalHosting.Dcp;
using McpPlatform.LocalHosting.Publishing;

namespace McpPlatform.LocalHosting;

/// <summary>The application: started here, or published as a manifest.</summary>
public sealed class DistributedApplication : IAsyncDisposable
{
    private readonly DistributedApplicationBuilder _builder;
    private readonly ApplicationOrchestrator _orchestrator;

    internal DistributedApplication(DistributedApplicationBuilder builder)
    {
        _builder = builder;
        Logs = new ResourceLogs(TimeProvider.System);
        _orchestrator = new ApplicationOrchestrator(builder, ResourceNotifications, Logs);
    }

    /// <summary>The state of the resources.</summary>
    public ResourceNotificationService ResourceNotifications { get; } = new();

    internal ResourceLogs Logs { get; }

    internal ResourceCommands Commands => _orchestrator;

    internal IEnumerable<IResource> Resources => _builder.Resources;

    /// <summary>Begins the model of an AppHost.</summary>
    public static IDistributedApplicationBuilder CreateBuilder(string[] args)
    {
        if (Testing.EntryPointModel.Current is { } test)
        {
            return test.CreateBuilder(args);
        }

        // A mistake in the model, a wrong value in the configuration: one sentence, not a stack trace.
        AppDomain.CurrentDomain.UnhandledException += static (_, error) =>
        {
            if (error.ExceptionObject is DistributedApplicationException or InvalidOperationException)
            {
                Report.Failure((Exception)error.ExceptionObject);
                Environment.Exit(1);
            }
        };
        return new DistributedApplicationBuilder(args, new LocalOptions(), Assembly.GetEntryAssembly());
    }

    /// <summary>Runs until Ctrl-C or SIGTERM; or writes the manifest.</summary>
    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <summary>Runs until cancelled, Ctrl-C or SIGTERM; or writes the manifest.</summary>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            if (_builder.ExecutionContext.IsPublishMode)
            {
                await ManifestPublisher.WriteAsync(_builder, cancellationToken);
                return;
            }

            await RunHereAsync(cancellationToken);
        }
        catch (DistributedApplicationException error)
        {
            Report.Failure(error);
            Environment.ExitCode = 1;
        }
    }

    /// <summary>Starts everything; returns when all that has nothing to wait for is being started.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default) => _orchestrator.StartAllAsync(cancellationToken);

    /// <summary>Stops everything and waits until it is gone.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _orchestrator.StopAllAsync();

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await _orchestrator.DisposeAsync();

    /// <summary>Waits for one resource, and fails with the reason when any resource fails.</summary>
    internal async Task WhenReadyAsync(string resourceName, CancellationToken cancellationToken)
    {
        var healthy = ResourceNotifications.WaitForResourceHealthyAsync(resourceName, cancellationToken);
        if (await Task.WhenAny(healthy, _orchestrator.Failure) != healthy)
        {
            throw await _orchestrator.Failure;
        }

        await healthy;
    }

    private async Task RunHereAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        try
        {
            await StartAsync(stop.Token);
            await _orchestrator.WhenAllHealthyAsync(stop.Token);
            using var endpoints = Report.Publish(_builder, _orchestrator.Dashboard, ResourceNotifications);
            Report.Table(_builder, _orchestrator.Dashboard, ResourceNotifications);
            await Task.Delay(Timeout.Infinite, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Report.Line("Stopping …");
        }
        finally
        {
            await DisposeAsync();
        }
    }
}
