using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace McpPlatform.TestSupport;

/// <summary>A Redis of one test's own, to be stopped, frozen, flushed or set back in the middle of it.</summary>
public sealed class ThrowAwayRedis : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("redis");
    private readonly int port;
    private Process process;

    private ThrowAwayRedis(int port)
    {
        this.port = port;
        process = Run();
    }

    /// <summary>The connection string for StackExchange.Redis; clients try to connect again every half second.</summary>
    public string ConnectionString => $"127.0.0.1:{port},connectTimeout=500,connectRetry=1";

    /// <summary>Starts one on a free port.</summary>
    public static async Task<ThrowAwayRedis> StartAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var free = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var redis = new ThrowAwayRedis(free);
        await redis.UntilReadyAsync();
        return redis;
    }

    /// <summary>Kills it, as <c>kill -9</c> does.</summary>
    public async Task StopAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    /// <summary>Starts it again after <see cref="StopAsync"/>, with what was on disk.</summary>
    public async Task RestartAsync()
    {
        process.Dispose();
        process = Run();
        await UntilReadyAsync();
    }

    /// <summary>Lets it hang without breaking a connection, until <see cref="Thaw"/>.</summary>
    public void Freeze() => Signal("-STOP");

    /// <summary>Lets it go on.</summary>
    public void Thaw() => Signal("-CONT");

    /// <summary>Runs a command such as <c>FLUSHALL</c> or <c>SAVE</c>.</summary>
    /// <param name="command">The command and its arguments.</param>
    /// <returns>What redis-cli prints.</returns>
    public async Task<string> CommandAsync(params string[] command)
    {
        using var client = Process.Start(new ProcessStartInfo("redis-cli", ["-p", $"{port}", .. command]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = await client.StandardOutput.ReadToEndAsync();
        await client.WaitForExitAsync();
        return output.Trim();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        process.Dispose();
        folder.Delete(recursive: true);
    }

    private Process Run()
    {
        var started = Process.Start(new ProcessStartInfo(
            "redis-server", ["--port", $"{port}", "--bind", "127.0.0.1", "--save", string.Empty, "--appendonly", "no", "--dir", folder.FullName, "--loglevel", "warning"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        started.OutputDataReceived += (_, _) => { };
        started.BeginOutputReadLine();
        return started;
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{process.Id}"]);
        kill.WaitForExit();
    }

    private async Task UntilReadyAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (attempt < 200)
            {
                await Task.Delay(25);
            }
        }
    }
}
