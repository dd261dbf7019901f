using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using McpPlatform.LocalHosting;
using McpPlatform.LocalHosting.Servers;
using McpPlatform.LocalHosting.Testing;
using RabbitMQ.Client;
using StackExchange.Redis;

namespace McpPlatform.AppHost.Tests;

[SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
public sealed class ServerTests
{
    private static readonly Answers Expected = new("orders", "PONG", "guest");

    [Fact]
    public async Task Two_applications_run_side_by_side_and_leave_nothing_behind()
    {
        var (first, second) = (await Servers.StartAsync(), await Servers.StartAsync());
        string[] folders;
        await using (first)
        await using (second)
        {
            Assert.Equal([Expected, Expected], await Task.WhenAll(Servers.AskAllAsync(first), Servers.AskAllAsync(second)));
            Assert.NotEqual(first.GetEndpoint("postgres", "tcp").Port, second.GetEndpoint("postgres", "tcp").Port);

            // An application that was built but never started has an empty one.
            folders = [.. Directory.GetDirectories(Path.GetTempPath(), $"mcpplatform-run-{Environment.ProcessId}-*").Where(folder => Directory.GetDirectories(folder).Length > 0)];
            Assert.Equal(2, folders.Length);
        }

        Assert.Equal([], await Processes.LeftAfterAsync(TimeSpan.FromSeconds(5), () => Processes.WithEnvironmentAsync($"mcpplatform-run-{Environment.ProcessId}-")));
        Assert.DoesNotContain(folders, Directory.Exists);
    }

    [Fact]
    public async Task Data_passwords_and_ports_are_kept_from_one_run_to_the_next()
    {
        using var folder = new DataFolder();
        string? address;
        await using (var app = await Servers.StartAsync(folder.Path))
        {
            await Servers.QueryAsync(app, "CREATE TABLE kept AS SELECT 42 AS answer");
            await using var broker = await Servers.ConnectToBrokerAsync(app);
            await using var channel = await broker.CreateChannelAsync();
            await channel.QueueDeclareAsync("kept", durable: true, exclusive: false, autoDelete: false);
            address = await app.GetConnectionStringAsync("redis");
            await using var redis = await ConnectionMultiplexer.ConnectAsync(address!);
            await redis.GetDatabase().StringSetAsync("kept", "yes");
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder.Path, "secrets.json")));
        await using (var app = await Servers.StartAsync(folder.Path))
        {
            Assert.Equal(42, await Servers.QueryAsync(app, "SELECT answer FROM kept"));
            await using var broker = await Servers.ConnectToBrokerAsync(app);
            await using var channel = await broker.CreateChannelAsync();
            Assert.Equal("kept", (await channel.QueueDeclarePassiveAsync("kept")).QueueName);
            Assert.Equal(address, await app.GetConnectionStringAsync("redis"));
            await using var redis = await ConnectionMultiplexer.ConnectAsync(address!);
            Assert.Equal("yes", (string?)await redis.GetDatabase().StringGetAsync("kept"));

            var second = await Assert.ThrowsAsync<DistributedApplicationException>(() => Servers.StartAsync(folder.Path));
            Assert.StartsWith("Another AppHost already runs with the data folder", second.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_wanted_port_that_is_in_use_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        using var folder = new DataFolder();
        var builder = new DistributedApplicationBuilder([], new LocalOptions { Dashboard = false, DataPath = folder.Path }, appHost: null);
        builder.AddRedis("cache", port: port);
        await using var app = builder.Build();

        var error = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.StartAsync());

        Assert.Equal($"Port {port}, which 'cache' is to listen on, is in use: stop the program that uses it, or give 'cache' another port.", error.Message);
    }

    [Fact]
    public void A_server_that_is_not_installed_is_named_with_what_to_do()
    {
        var error = Assert.Throws<DistributedApplicationException>(() => ServerPrograms.Find("no-such-server", "NoSuchDB", ["/nowhere/no-such-server"]));

        Assert.Equal("NoSuchDB is not installed (no-such-server is not found): run ./run.sh, which installs it, or install its package yourself.", error.Message);
    }
}
