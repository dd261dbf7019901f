using System.Diagnostics;
using System.Globalization;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>The official conformance suite, both of its requirement sets, against a fixture server directly and through Gateway and two replicas of McpService.</summary>
public sealed class ConformanceTests(Platform platform, ITestOutputHelper output)
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", ".."));

    [Fact]
    public async Task What_passes_directly_passes_through_the_platform()
    {
        using var fixture = await StartFixtureAsync();
        try
        {
            var url = $"http://localhost:{platform.FixturePort.ToString(CultureInfo.InvariantCulture)}/mcp";
            await platform.SendAsync(HttpMethod.Post, "/api/mcp/servers", platform.AdminToken, new { name = "conformance", url });
            await platform.SendAsync(HttpMethod.Post, "/api/mcp/bundles", platform.AdminToken, new { name = "conformance", prefix = "never", servers = new[] { new { name = "conformance" } } });

            using var suite = Process.Start(new ProcessStartInfo(
                "node",
                [
                    Path.Combine(Root, "scripts", "conformance.mjs"), "--direct", url, "--through", new Uri(platform.Gateway, "/mcp/conformance").AbsoluteUri, "--token", platform.AdminToken,
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
            fixture.Kill(entireProcessTree: true);
            await fixture.WaitForExitAsync();
        }
    }

    private async Task<Process> StartFixtureAsync()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var fixture = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(Root, "artifacts", "bin", "ConformanceServer", configuration, "ConformanceServer.dll"), "--port", platform.FixturePort.ToString(CultureInfo.InvariantCulture),
            ]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        Assert.StartsWith("http://", await fixture.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        return fixture;
    }
}
