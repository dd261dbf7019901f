using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using McpPlatform.TestSupport;
using McpPlatform.UserService.Tests.Connections;
using Npgsql;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>A server that keeps no limit and hears no cancellation, as one could be that somebody sets up to do harm: PostgreSQL behind a relay that alters what it is told.</summary>
[Collection(UserServiceCollection.Name)]
public sealed partial class StubbornServerTests(UserServiceApplication app, PlatformServers servers) : IAsyncLifetime
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource closing = new();
    private readonly List<Task> relays = [];
    private Task running = Task.CompletedTask;

    public ValueTask InitializeAsync()
    {
        listener.Start();
        running = AcceptAsync();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await running;
        await Task.WhenAll(relays);
        closing.Dispose();
    }

    [Fact]
    public async Task A_caller_has_an_answer_and_holds_a_place_until_the_server_lets_go()
    {
        var (person, _, _) = await app.PersonAsync();
        var path = (await person.CreateConnectionAsync(Profiles.Real(servers, ("port", ((IPEndPoint)listener.LocalEndpoint).Port)))).PathOf();
        var endless = new { query = "SELECT repeat('x', 1000), generate_series(1, 2000000000)", timeout_ms = 500, max_rows = 3 };
        var started = Stopwatch.StartNew();

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => person.PostAsJsonAsync(path + "/query", endless)));

        Assert.InRange(started.Elapsed.TotalSeconds, 0.5, 15);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode));
        await (await person.PostAsJsonAsync(path + "/query", endless)).AssertProblemAsync(HttpStatusCode.TooManyRequests);

        await closing.CancelAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        while ((await person.PostAsJsonAsync(path + "/query", endless, patience.Token)).StatusCode == HttpStatusCode.TooManyRequests)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    [GeneratedRegex("(?<=SET LOCAL statement_timeout = )[0-9]+", RegexOptions.None, 1000)]
    private static partial Regex Limit();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                relays.Add(RelayAsync(await listener.AcceptTcpClientAsync(closing.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // The server lets go, and nobody else gets in.
            listener.Stop();
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        var target = new NpgsqlConnectionStringBuilder(servers.Postgres);
        using var server = new TcpClient();
        using (client)
        {
            var first = new byte[1024];
            var length = await client.GetStream().ReadAsync(first);

            // A CancelRequest is of 16 bytes, a start is longer.
            if (length > 16)
            {
                await server.ConnectAsync(target.Host!, target.Port);
                await server.GetStream().WriteAsync(first.AsMemory(0, length));
                await Task.WhenAny(PumpAsync(client, server, alter: true), PumpAsync(server, client, alter: false));
            }
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool alter)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            while (await from.GetStream().ReadAsync(buffer, closing.Token) is > 0 and var length)
            {
                var part = alter ? Encoding.Latin1.GetBytes(Limit().Replace(Encoding.Latin1.GetString(buffer, 0, length), limit => "0".PadLeft(limit.Length))) : buffer.AsMemory(0, length);
                await to.GetStream().WriteAsync(part, closing.Token);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One of them has left.
        }
    }
}
