using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace McpPlatform.McpService.Tests;

/// <summary>The reference server that AppHost runs as a sample, as a process.</summary>
public sealed class EverythingServer : IAsyncLifetime
{
    private Process? process;

    public string Url { get; private set; } = string.Empty;

    public async ValueTask InitializeAsync()
    {
        var folder = Path.Combine(Root(), "samples", "everything-server");
        var script = Path.Combine(folder, "node_modules", "@modelcontextprotocol", "server-everything", "dist", "index.js");
        Assert.True(File.Exists(script), $"{script} is not installed: run 'npm ci' in {folder}, as test.sh does.");
        var port = FreePort();
        var start = new ProcessStartInfo("node", [script, "streamableHttp"]) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PORT"] = $"{port}";
        process = Process.Start(start)!;
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data?.Contains("listening", StringComparison.Ordinal) == true)
            {
                listening.TrySetResult();
            }
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await listening.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Url = $"http://127.0.0.1:{port}/mcp";
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "McpPlatform.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not lie in the repository.");
        }

        return folder;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
