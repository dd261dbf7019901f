using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace McpPlatform.Bench.ToolsCall;

/// <summary>Gateways made for Node, installed by npm into <c>bench/peers</c> in the versions of its lock file.</summary>
internal static class NpmPeers
{
    private static string Folder => Path.Combine(Root, "bench", "peers");

    private static string Root
    {
        get
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(directory.FullName, "McpPlatform.sln")))
            {
                directory = directory.Parent ?? throw new InvalidOperationException("The benchmark runs inside the repository.");
            }

            return directory.FullName;
        }
    }

    /// <summary>Starts them in front of a server.</summary>
    /// <returns>None where npm is not there or cannot install them; that is then said.</returns>
    public static async Task<List<Case>> StartAsync(Uri upstream)
    {
        List<Case> peers = [];
        if (!await TryInstallAsync())
        {
            return peers;
        }

        try
        {
            var settings = Path.Combine(Path.GetTempPath(), $"mcp-hub-{Guid.CreateVersion7():N}.json");
            await File.WriteAllTextAsync(settings, JsonSerializer.Serialize(new { mcpServers = new { bench = new { url = upstream } } }));
            peers.Add(await StartAsync("mcp-hub 4.2.1", Dialect.HubApi, "/api/servers/tools", port => ["mcp-hub/dist/cli.js", "--port", port, "--config", settings], []));
            peers.Add(await StartAsync("@civic/passthrough-mcp-server 0.12.1", Dialect.Sessions, "/mcp", _ => ["@civic/passthrough-mcp-server/dist/cli.js"], new() { ["TARGET_SERVER_URL"] = upstream.GetLeftPart(UriPartial.Authority) }));
            peers.Add(await StartAsync(
                "mcp-proxy 6.7.19 before mcp-remote 0.15.1", Dialect.Sessions, "/mcp",
                port => ["mcp-proxy/dist/bin/mcp-proxy.mjs", "--port", port, "--", "node", Module("mcp-remote/dist/proxy.js"), upstream.AbsoluteUri, "--transport", "http-only"], []));
            return peers;
        }
        catch
        {
            foreach (var peer in peers)
            {
                await peer.DisposeAsync();
            }

            throw;
        }
    }

    private static async Task<bool> TryInstallAsync()
    {
        if (Directory.Exists(Path.Combine(Folder, "node_modules")))
        {
            return true;
        }

        try
        {
            await using var npm = MeasuredProcess.Start("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], Folder, []);
            await npm.EndedAsync();
            return true;
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            Console.Out.WriteLine($"Without the npm gateways, because npm is not there or could not install them: {exception.Message}");
            return false;
        }
    }

    private static string Module(string path) => Path.Combine(Folder, "node_modules", path);

    private static async Task<Case> StartAsync(string name, Dialect dialect, string path, Func<string, string[]> command, Dictionary<string, string?> environment)
    {
        var port = BenchPlatform.FreePort().ToString(CultureInfo.InvariantCulture);
        environment["PORT"] = port;
        var (module, arguments) = command(port) switch { var all => (Module(all[0]), all[1..]) };
        var process = MeasuredProcess.Start("node", [module, .. arguments], Folder, environment);
        var peer = new Case(name, dialect, new Uri($"http://127.0.0.1:{port}{path}"), null, process) { Owns = [process] };
        try
        {
            await ReadyAsync(peer, process);
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    // It is ready when it can do what it is measured by.
    private static async Task ReadyAsync(Case peer, MeasuredProcess process)
    {
        for (var attempt = 0; ; attempt++)
        {
            process.MustRun();
            try
            {
                AuthenticationHeaderValue? nobody = null;
                await peer.Client.CallOnceAsync("ready", peer.Dialect == Dialect.Sessions ? await peer.Client.OpenAsync(nobody) : null, nobody);
                return;
            }
            catch (Exception exception) when (attempt < 100 && exception is HttpRequestException or InvalidOperationException)
            {
                await Task.Delay(200);
            }
        }
    }
}
