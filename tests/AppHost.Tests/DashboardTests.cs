using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using McpPlatform.LocalHosting;
using McpPlatform.LocalHosting.Dashboard;
using McpPlatform.LocalHosting.Dashboard.Protocol;
using McpPlatform.LocalHosting.Testing;
using Resource = McpPlatform.LocalHosting.Dashboard.Protocol.Resource;

namespace McpPlatform.AppHost.Tests;

/// <summary>One process that says hello, for all tests of the dashboard.</summary>
public sealed class GreeterApplication : IAsyncLifetime
{
    public DistributedApplication App { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = DistributedApplicationTestingBuilder.Create();
        var password = builder.AddParameter("password", "hunter2", secret: true);
        builder.AddExecutable("greeter", "/bin/sh", Path.GetTempPath(), "-c", "echo hello; echo oops >&2; exec sleep 600")
            .WithEnvironment("GREETING", "hello")
            .WithEnvironment("PASSWORD", password);
        App = builder.Build();
        await App.StartAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => App.DisposeAsync();
}

/// <summary>What the dashboard asks, asked over the wire.</summary>
public sealed class DashboardTests(GreeterApplication greeting) : IClassFixture<GreeterApplication>, IAsyncLifetime
{
    private const string Key = "the-right-key";
    private readonly DashboardResourceService _service =
        new("Tests", greeting.App.ResourceNotifications, greeting.App.Logs, greeting.App.Commands);
    private GrpcChannel _channel = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Greeter => greeting.App.ResourceNotifications.Snapshots.Single(one => one.ResourceName == "greeter").Name;

    public async ValueTask InitializeAsync()
    {
        await greeting.App.ResourceNotifications.WaitForResourceAsync(
            "greeter", one => one.State == KnownResourceStates.Running && one.Environment.Length > 0, Ct);
        _channel = GrpcChannel.ForAddress(await _service.StartAsync(Key, Ct));
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _service.DisposeAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("the-wrong-key")]
    [InlineData("the-right-key-and-more")]
    public async Task Resource_service_refuses_a_caller_without_the_key(string key)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(() =>
            AskAsync<ApplicationInformationRequest, ApplicationInformationResponse>("GetApplicationInformation", new(), key));

        Assert.Equal(StatusCode.Unauthenticated, refusal.StatusCode);
    }

    [Fact]
    public async Task Resource_service_names_the_application()
    {
        var answer = await AskAsync<ApplicationInformationRequest, ApplicationInformationResponse>("GetApplicationInformation", new());

        Assert.Equal("Tests", answer.ApplicationName);
    }

    [Fact]
    public async Task Dashboard_learns_all_of_a_resource_at_once()
    {
        using var call = Stream<WatchResourcesRequest, WatchResourcesUpdate>("WatchResources", new());
        Assert.True(await call.ResponseStream.MoveNext(Ct));

        var resources = call.ResponseStream.Current.InitialData.Resources;
        Assert.Equal(["password", "greeter"], resources.Select(one => one.DisplayName));
        Assert.All(resources, one => Assert.NotNull(one.CreatedAt));
        Assert.True(resources[0].Properties.Single(one => one.Name == "Value").IsSensitive);
        Assert.Empty(resources[0].Commands);
        var greeter = resources[1];
        Assert.StartsWith("greeter-", greeter.Name, StringComparison.Ordinal);
        Assert.Equal(("Executable", "Running", "success"), (greeter.ResourceType, greeter.State, greeter.StateStyle));
        Assert.Contains(greeter.Environment, one => one is { Name: "GREETING", Value: "hello", IsFromSpec: true });
        Assert.Contains(greeter.Environment, one => one is { Name: "PATH", IsFromSpec: false });
        Assert.Equal(["-c", "echo hello; echo oops >&2; exec sleep 600"],
            greeter.Properties.Single(one => one.Name == "executable.args").Value.ListValue.Values.Select(one => one.StringValue));
        Assert.Equal(
            [("start", ResourceCommandState.Hidden), ("stop", ResourceCommandState.Enabled), ("restart", ResourceCommandState.Enabled)],
            greeter.Commands.Select(one => (one.Name, one.State)));
    }

    [Fact]
    public async Task Commands_stop_and_start_the_process_and_the_dashboard_sees_it()
    {
        using var call = Stream<WatchResourcesRequest, WatchResourcesUpdate>("WatchResources", new());

        Assert.Equal(ResourceCommandResponseKind.Succeeded, (await CommandAsync("stop")).Kind);
        var stopped = await NextAsync(call, one => one.State == "Exited");
        Assert.Equal(ResourceCommandResponseKind.Succeeded, (await CommandAsync("start")).Kind);
        var started = await NextAsync(call, one => one.State == "Running");

        Assert.Equal(stopped.Name, started.Name);
        Assert.NotNull(stopped.StoppedAt);
        Assert.Null(started.StoppedAt);
        Assert.True(started.StartedAt > stopped.StartedAt);
    }

    [Theory]
    [InlineData("greeter", "explode")]
    [InlineData("password", "stop")]
    [InlineData("nobody", "stop")]
    public async Task Commands_that_make_no_sense_are_answered_with_a_sentence(string resource, string command)
    {
        var answer = await CommandAsync(command, resource);

        Assert.Equal(ResourceCommandResponseKind.InvalidArguments, answer.Kind);
        Assert.EndsWith(".", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Console_lines_go_on_after_a_restart()
    {
        using var call = Stream<WatchResourceConsoleLogsRequest, WatchResourceConsoleLogsUpdate>("WatchResourceConsoleLogs", new() { ResourceName = Greeter });
        var lines = new List<ConsoleLogLine>();
        await UntilAsync(call, lines, count: 2);
        Assert.Equal(ResourceCommandResponseKind.Succeeded, (await CommandAsync("restart")).Kind);
        await UntilAsync(call, lines, count: 4);

        Assert.Equal([1, 2, 3, 4], lines.Select(line => line.LineNumber));
        Assert.Equal(2, lines.Count(line => line is { IsStdErr: false } && line.Text.EndsWith(" hello", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(line => line is { IsStdErr: true } && line.Text.EndsWith(" oops", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Console_lines_end_when_following_is_not_wanted()
    {
        using var call = Stream<WatchResourceConsoleLogsRequest, WatchResourceConsoleLogsUpdate>(
            "WatchResourceConsoleLogs", new() { ResourceName = Greeter, SuppressFollow = true });

        while (await call.ResponseStream.MoveNext(Ct))
        {
            Assert.NotEmpty(call.ResponseStream.Current.LogLines);
        }

        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Open_streams_end_well_when_the_service_ends()
    {
        using var resources = Stream<WatchResourcesRequest, WatchResourcesUpdate>("WatchResources", new());
        using var lines = Stream<WatchResourceConsoleLogsRequest, WatchResourceConsoleLogsUpdate>("WatchResourceConsoleLogs", new() { ResourceName = Greeter });
        await NextAsync(resources, one => one.Name == Greeter);
        await UntilAsync(lines, [], count: 2);

        var watch = Stopwatch.StartNew();
        await _service.DisposeAsync();
        while (await resources.ResponseStream.MoveNext(Ct) || await lines.ResponseStream.MoveNext(Ct))
        {
            // What was under way.
        }

        Assert.Equal((StatusCode.OK, StatusCode.OK), (resources.GetStatus().StatusCode, lines.GetStatus().StatusCode));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"It took {watch.Elapsed}.");
    }

    private Task<ResourceCommandResponse> CommandAsync(string command, string? resource = null) =>
        AskAsync<ResourceCommandRequest, ResourceCommandResponse>(
            "ExecuteResourceCommand", new() { CommandName = command, ResourceName = resource is null or "greeter" ? Greeter : resource });

    private static async Task<Resource> NextAsync(AsyncServerStreamingCall<WatchResourcesUpdate> call, Predicate<Resource> wanted)
    {
        while (await call.ResponseStream.MoveNext(Ct))
        {
            var update = call.ResponseStream.Current;
            var resources = update.InitialData?.Resources.AsEnumerable() ?? update.Changes.Value.Select(change => change.Upsert);
            if (resources.FirstOrDefault(one => one.DisplayName == "greeter" && wanted(one)) is { } found)
            {
                return found;
            }
        }

        throw new InvalidOperationException("The stream ended.");
    }

    private static async Task UntilAsync(AsyncServerStreamingCall<WatchResourceConsoleLogsUpdate> call, List<ConsoleLogLine> lines, int count)
    {
        while (lines.Count < count && await call.ResponseStream.MoveNext(Ct))
        {
            lines.AddRange(call.ResponseStream.Current.LogLines);
        }
    }

    private async Task<TResponse> AskAsync<TRequest, TResponse>(string method, TRequest request, string key = Key)
        where TRequest : class, IMessage<TRequest>, new() where TResponse : class, IMessage<TResponse>, new() =>
        await _channel.CreateCallInvoker().AsyncUnaryCall(MethodOf<TRequest, TResponse>(MethodType.Unary, method), null, Options(key), request);

    private AsyncServerStreamingCall<TResponse> Stream<TRequest, TResponse>(string method, TRequest request)
        where TRequest : class, IMessage<TRequest>, new() where TResponse : class, IMessage<TResponse>, new() =>
        _channel.CreateCallInvoker().AsyncServerStreamingCall(MethodOf<TRequest, TResponse>(MethodType.ServerStreaming, method), null, Options(Key), request);

    private static CallOptions Options(string key) => new(new Metadata { { "x-resource-service-api-key", key } }, cancellationToken: Ct);

    private static Method<TRequest, TResponse> MethodOf<TRequest, TResponse>(MethodType type, string name)
        where TRequest : class, IMessage<TRequest>, new() where TResponse : class, IMessage<TResponse>, new() =>
        new(type, "aspire.v1.DashboardService", name, MarshallerOf<TRequest>(), MarshallerOf<TResponse>());

    private static Marshaller<T> MarshallerOf<T>() where T : class, IMessage<T>, new() =>
        Marshallers.Create(message => message.ToByteArray(), new MessageParser<T>(() => new T()).ParseFrom);
}
