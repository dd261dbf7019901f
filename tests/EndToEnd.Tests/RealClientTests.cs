using System.Diagnostics;
using System.Text.Json;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>Clients that others wrote, through the Gateway: the official TypeScript SDK in both of its lines and both eras, and the MCP inspector's command line.</summary>
public sealed class RealClientTests(Platform platform, ITestOutputHelper output)
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", ".."));
    private static readonly string Clients = Path.Combine(Root, "tests", "Clients");

    [Theory]
    [InlineData("v1", 17)]
    [InlineData("v2", 17)]
    [InlineData("v2-modern", 14)]
    public async Task The_TypeScript_SDK_gets_everything(string client, int checks)
    {
        var endpoint = await BundleAsync();
        var lines = await RunAsync("node", Path.Combine(Clients, "clients.mjs"), client, endpoint, platform.AdminToken);
        var said = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith('{')).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        Assert.Empty(said.Where(check => !check.GetProperty("ok").GetBoolean()).Select(check => check.GetRawText()));
        Assert.True(said.Count == checks, lines);
    }

    [Fact]
    public async Task The_inspectors_command_line_lists_and_calls()
    {
        var endpoint = await BundleAsync();
        var node = Path.Combine(Root, "tests", "ConformanceServer", "suite", "node_modules", "node", "bin", "node");
        string[] inspector =
        [
            Path.Combine(Clients, "node_modules", "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js"), "--cli", endpoint,
            "--transport", "http", "--header", $"Authorization: Bearer {platform.AdminToken}",
        ];
        Assert.Contains("\"get-sum\"", await RunAsync(node, [.. inspector, "--method", "tools/list"]), StringComparison.Ordinal);
        Assert.Contains("Echo: from the inspector", await RunAsync(node, [.. inspector, "--method", "tools/call", "--tool-name", "echo", "--tool-arg", "message=from the inspector"]), StringComparison.Ordinal);
        Assert.Contains("\"uri\"", await RunAsync(node, [.. inspector, "--method", "resources/list"]), StringComparison.Ordinal);
        Assert.Contains("args-prompt", await RunAsync(node, [.. inspector, "--method", "prompts/list"]), StringComparison.Ordinal);
    }

    private async Task<string> BundleAsync()
    {
        var name = $"clients-{Guid.CreateVersion7():N}";
        await platform.SendAsync(HttpMethod.Post, "/api/mcp/bundles", platform.AdminToken, new { name, prefix = "never", servers = new[] { new { name = "everything" } } });
        return new Uri(platform.Gateway, $"/mcp/{name}").AbsoluteUri;
    }

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Clients })!;
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"It did not end. It said: {await said} {await complained}");
        }

        var all = await said + await complained;
        output.WriteLine(all.Replace(platform.AdminToken, "TOKEN", StringComparison.Ordinal));
        Assert.True(process.ExitCode == 0, all.Replace(platform.AdminToken, "TOKEN", StringComparison.Ordinal));
        return all;
    }
}
