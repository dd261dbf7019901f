using System.Diagnostics;

namespace McpPlatform.LocalHosting.Dcp;

/// <summary>How to reach DCP's API server.</summary>
internal sealed record KubeConfig(Uri Server, byte[] Authority, string Token)
{
    /// <summary>DCP writes YAML of a known shape; null while it is not complete.</summary>
    public static KubeConfig? TryRead(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var values = File.ReadLines(path).Select(line => line.Trim().Split(": ", 2)).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0], StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First()[1], StringComparer.Ordinal);
        return values.TryGetValue("server", out var server) && values.TryGetValue("token", out var token)
            && values.TryGetValue("certificate-authority-data", out var authority)
            ? new KubeConfig(new Uri(server + "/"), Convert.FromBase64String(authority), token)
            : null;
    }
}

/// <summary>Starts DCP. It watches this process, and stops its children when this process is gone, however it went.</summary>
internal static class DcpProcess
{
    // Executables inherit DCP's environment, and DCP inherits ours: what was meant for the AppHost must not reach the services.
    private static readonly string[] NotInherited =
    [
        "ASPNETCORE_URLS", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "DOTNET_LAUNCH_PROFILE", "ASPIRE_LOGLEVEL", "ASPNETCORE_HTTP_PORTS",
        "ASPNETCORE_HTTPS_PORTS", "MCPPLATFORM_DATA",
    ];

    public static async Task<DcpClient> StartAsync(Engine engine, string folder, CancellationToken cancellationToken)
    {
        var config = Path.Combine(folder, "kubeconfig");
        var start = new ProcessStartInfo(engine.Dcp)
        {
            ArgumentList = { "start-apiserver", "--monitor", $"{Environment.ProcessId}", "--monitor-interval", "1", "--detach", "--kubeconfig", config },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var name in start.Environment.Keys.Where(IsOurs).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["DCP_SESSION_FOLDER"] = folder;
        using var process = Process.Start(start)!;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(20))
        {
            if (KubeConfig.TryRead(config) is { } found)
            {
                return new DcpClient(found);
            }

            await Task.Delay(25, cancellationToken);
        }

        throw new DistributedApplicationException($"Aspire's orchestrator ({engine.Dcp}) did not start within 20 seconds.");
    }

    /// <summary>Its processes end one after the other once it is told to stop; each has the folder in its command line.</summary>
    public static async Task WhenGoneAsync(string folder, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var ps = Process.Start(new ProcessStartInfo("ps", ["axww", "-o", "command="]) { UseShellExecute = false, RedirectStandardOutput = true })!;
            var commands = await ps.StandardOutput.ReadToEndAsync(cancellationToken);
            if (!commands.Contains(Path.Combine(folder, "kubeconfig"), StringComparison.Ordinal))
            {
                return;
            }

            await Task.Delay(100, cancellationToken);
        }
    }

    private static bool IsOurs(string name) =>
        NotInherited.Contains(name, StringComparer.Ordinal) || name.StartsWith("Parameters__", StringComparison.OrdinalIgnoreCase);
}
