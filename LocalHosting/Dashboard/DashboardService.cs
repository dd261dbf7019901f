using Grpc.Core;
using McpPlatform.LocalHosting.Dashboard.Protocol;

namespace McpPlatform.LocalHosting.Dashboard;

/// <summary>Answers the dashboard from the state, the logs and the commands of the running application.</summary>
internal sealed class DashboardService(
    string applicationName, ResourceNotificationService notifications, ResourceLogs logs, ResourceCommands commands, CancellationToken stopping)
    : Protocol.DashboardService.DashboardServiceBase
{
    public override Task<ApplicationInformationResponse> GetApplicationInformation(
        ApplicationInformationRequest request, ServerCallContext context) =>
        Task.FromResult(new ApplicationInformationResponse { ApplicationName = applicationName });

    public override Task WatchResources(
        WatchResourcesRequest request, IServerStreamWriter<WatchResourcesUpdate> responseStream, ServerCallContext context) =>
        UntilEitherSideEndsAsync(context, async token =>
        {
            var initial = notifications.Snapshots;
            await responseStream.WriteAsync(
                new() { InitialData = new() { Resources = { initial.Select(Described) } } }, token);
            await foreach (var batch in notifications.WatchAsync(token).InBatches(token))
            {
                // The watch begins with the present state, most of which has just been sent.
                var changes = batch.Where(snapshot => !initial.Contains(snapshot, ReferenceEqualityComparer.Instance));
                var update = new WatchResourcesChanges { Value = { changes.Select(one => new WatchResourcesChange { Upsert = Described(one) }) } };
                if (update.Value.Count > 0)
                {
                    await responseStream.WriteAsync(new() { Changes = update }, token);
                }
            }
        });

    public override Task WatchResourceConsoleLogs(
        WatchResourceConsoleLogsRequest request, IServerStreamWriter<WatchResourceConsoleLogsUpdate> responseStream, ServerCallContext context) =>
        UntilEitherSideEndsAsync(context, async token =>
        {
            var (name, follow, number) = (request.ResourceName, !request.SuppressFollow, 0);
            var shown = new HashSet<LogLine>(ReferenceEqualityComparer.Instance);
            do
            {
                var read = notifications.Find(name);
                await foreach (var batch in logs.ReadAsync(name, follow, token).InBatches(token))
                {
                    // Every reading begins with the same notes of ours.
                    var lines = batch.Where(line => shown.Count < Batches.Limit ? shown.Add(line) : !shown.Contains(line))
                        .Select(line => new ConsoleLogLine { Text = line.Text, IsStdErr = line.IsError, LineNumber = ++number });
                    await responseStream.WriteAsync(new() { LogLines = { lines } }, token);
                }

                if (follow)
                {
                    await UntilStartedAgainAsync(name, read, token);
                }
            }
            while (follow);
        });

    public override Task WatchInteractions(
        IAsyncStreamReader<WatchInteractionsRequestUpdate> requestStream,
        IServerStreamWriter<WatchInteractionsResponseUpdate> responseStream, ServerCallContext context) =>
        UntilEitherSideEndsAsync(context, token => Task.Delay(Timeout.Infinite, token));

    public override async Task<ResourceCommandResponse> ExecuteResourceCommand(ResourceCommandRequest request, ServerCallContext context)
    {
        if (notifications.Find(request.ResourceName) is not { HasProcess: true } snapshot)
        {
            return Answer(ResourceCommandResponseKind.InvalidArguments, $"There is no process named '{request.ResourceName}'.");
        }

        try
        {
            // Not the caller's token: closing the page in the middle of a restart must not leave the resource stopped.
            var result = request.CommandName switch
            {
                ResourceDescription.Start => await commands.StartAsync(snapshot.Name, stopping),
                ResourceDescription.Stop => await commands.StopAsync(snapshot.Name, stopping),
                ResourceDescription.Restart => await commands.RestartAsync(snapshot.Name, stopping),
                _ => null,
            };
            return result switch
            {
                null => Answer(ResourceCommandResponseKind.InvalidArguments, $"The commands are start, stop and restart, not '{request.CommandName}'."),
                { Succeeded: true } => Answer(ResourceCommandResponseKind.Succeeded, result.Message),
                _ => Answer(ResourceCommandResponseKind.Failed, result.Message ?? $"{snapshot.Name} could not {request.CommandName}."),
            };
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return Answer(ResourceCommandResponseKind.Cancelled, "The AppHost is stopping.");
        }
        catch (Exception error)
        {
            return Answer(ResourceCommandResponseKind.Failed, error.Message);
        }
    }

    private static ResourceCommandResponse Answer(ResourceCommandResponseKind kind, string? message)
    {
        var response = new ResourceCommandResponse { Kind = kind };
        if (message is not null)
        {
            response.Message = message;
        }

        return response;
    }

    /// <summary>A log ends with its process. The page stays open: it is for the resource, which may not have started yet, or may start again.</summary>
    private async Task UntilStartedAgainAsync(string name, ResourceSnapshot? read, CancellationToken cancellationToken)
    {
        static (DateTimeOffset?, bool) Attempt(ResourceSnapshot? one) =>
            (one?.StartedAt, one is { StartedAt: null } && KnownResourceStates.IsTerminal(one.State));

        await foreach (var snapshot in notifications.WatchAsync(cancellationToken))
        {
            if (snapshot.Name == name && Attempt(snapshot) != Attempt(read))
            {
                return;
            }
        }
    }

    private Protocol.Resource Described(ResourceSnapshot snapshot) => ResourceDescription.Of(snapshot, notifications);

    /// <summary>A stream that nobody completes keeps the server, and so the AppHost, from stopping.</summary>
    private async Task UntilEitherSideEndsAsync(ServerCallContext context, Func<CancellationToken, Task> stream)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        try
        {
            await stream(end.Token);
        }
        catch (Exception error) when (end.IsCancellationRequested && error is OperationCanceledException or InvalidOperationException or IOException)
        {
            // A write to a call that has just ended fails in one of these ways.
        }
    }
}
