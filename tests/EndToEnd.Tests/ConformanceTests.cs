using System.Diagnostics;
using System.Globalization;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>The official conformance suite, both of its requirement sets, against a fixture server directly, through Gateway and two replicas of McpService, and so to a server of the other era.</summary>
public sealed class ConformanceTests(Platform platform, ITestOutputHelper output)
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", ".."));

    [Fact]
    public async Task What_passes_directly_passes_through_the_platform()
    {
        // The server that speaks both eras, and for each set of requirements one that speaks the other era only.
        (string Name, string Era, int Port)[] fixtures =
        [
            ("conformance", "both", platform.FixturePorts[0]), ("conformance-modern", "modern", platform.FixturePorts[1]), ("conformance-legacy", "legacy", platform.FixturePorts[2]),
        ];
        List<Process> running = [];
        try
        {
            foreach (var (name, era, port) in fixtures)
            {
                running.Add(await StartFixtureAsync(era, port));
                await platform.SendAsync(HttpMethod.Post, "/api/mcp/servers", platform.AdminToken, new { name, url = At(port) });
                await platform.SendAsync(HttpMethod.Post, "/api/mcp/bundles", platform.AdminToken, new { name, prefix = "never", servers = new[] { new { name } } });
            }

            using var suite = Process.Start(new ProcessStartInfo(
                "node",
                [
                    Path.Combine(Root, "scripts", "conformance.mjs"), "--direct", At(fixtures[0].Port), "--through", Endpoint(fixtures[0].Name), "--token", platform.AdminToken,
                    "--crossed-2025-11-25", Endpoint(fixtures[1].Name), "--crossed-2026-07-28", Endpoint(fixtures[2].Name),
                    "--baseline", Path.Combine(Root, "tests", "ConformanceServer", "baseline.json"),
                ]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var (said, complained) = (suite.StandardOutput.ReadToEndAsync(), suite.StandardError.ReadToEndAsync());
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            await suite.WaitForExitAsync(patience.Token);
            var table = await said + await complained;
            output.WriteLine(table);
            await Console.Out.WriteLineAsync(table);

            Assert.True(suite.ExitCode == 0, table);
            Assert.Contains("TOTAL", table, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var (name, _, _) in fixtures)
            {
                (await platform.TryAsync(HttpMethod.Delete, $"/api/mcp/bundles/{name}", platform.AdminToken)).Dispose();
                (await platform.TryAsync(HttpMethod.Delete, $"/api/mcp/servers/{name}", platform.AdminToken)).Dispose();
            }

            foreach (var fixture in running)
            {
                fixture.Kill(entireProcessTree: true);
                await fixture.WaitForExitAsync();
                fixture.Dispose();
            }
        }
    }

    private static string At(int port) => $"http://localhost:{port.ToString(CultureInfo.InvariantCulture)}/mcp";

    private string Endpoint(string bundle) => new Uri(platform.Gateway, $"/mcp/{bundle}").AbsoluteUri;

    private static async Task<Process> StartFixtureAsync(string era, int port)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var fixture = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(Root, "artifacts", "bin", "ConformanceServer", configuration, "ConformanceServer.dll"), "--port", port.ToString(CultureInfo.InvariantCulture), "--era", era,
            ]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        Assert.StartsWith("http://", await fixture.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        return fixture;
    }
}
