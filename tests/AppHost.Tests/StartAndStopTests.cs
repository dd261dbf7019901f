using System.Diagnostics;
using System.Runtime.Versioning;

namespace McpPlatform.AppHost.Tests;

[SupportedOSPlatform("linux"), SupportedOSPlatform("macos")]
public sealed class StartAndStopTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Killing_AppHost_leaves_no_process()
    {
        await using var appHost = new AppHostProcess(new Dictionary<string, string> { ["MCPPLATFORM_DATA"] = _folder.Path });
        var watch = Stopwatch.StartNew();
        while (!(await appHost.DescendantsAsync()).Any(line => line.Contains("beam.smp", StringComparison.Ordinal)))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "RabbitMQ was not started.");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        appHost.Kill();

        Assert.Equal([], await Processes.LeftAfterAsync(TimeSpan.FromSeconds(10), appHost.DescendantsAsync));
    }

    [Theory]
    [InlineData("MCPPLATFORM_DATA", "some/folder", "MCPPLATFORM_DATA is 'some/folder', which is not an absolute path to a folder.")]
    [InlineData("Replicas", "many", "Failed to convert configuration value 'many' at 'Replicas' to type 'System.Int32'.")]
    [InlineData("Replicas", "0", "'gateway' cannot have 0 replicas: one is the least.")]
    [InlineData("ASPIRE_DCP_PATH", "/nowhere", "ASPIRE_DCP_PATH is '/nowhere', but /nowhere/dcp does not exist.")]
    [InlineData("HOME", "/nowhere", "Aspire's orchestrator (dcp), version 13.5.4, is not on this machine: run ./run.sh, which installs it.")]
    public async Task A_wrong_environment_is_one_sentence(string name, string value, string expected)
    {
        await using var appHost = new AppHostProcess(new Dictionary<string, string> { ["MCPPLATFORM_DATA"] = _folder.Path, [name] = value });

        Assert.Equal((1, $"error: {expected}"), await appHost.WaitAsync());
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_used_is_one_sentence()
    {
        var file = Path.Combine(_folder.Path, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);

        var (exitCode, errors) = await RunAsync(Path.Combine(file, "data"));

        Assert.Equal(1, exitCode);
        Assert.StartsWith($"error: The data folder {file}/data cannot be used (", errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', errors);
    }

    [Fact]
    public async Task Secrets_that_cannot_be_read_are_one_sentence()
    {
        var secrets = Path.Combine(_folder.Path, "secrets.json");
        await File.WriteAllTextAsync(secrets, "{ broken", TestContext.Current.CancellationToken);

        var result = await RunAsync(_folder.Path);

        Assert.Equal((1, $"error: {secrets} is not valid JSON: mend it, or delete the folder {_folder.Path} to start with empty databases."), result);
    }

    private static async Task<(int ExitCode, string Errors)> RunAsync(string dataPath)
    {
        await using var appHost = new AppHostProcess(new Dictionary<string, string> { ["MCPPLATFORM_DATA"] = dataPath });
        return await appHost.WaitAsync();
    }
}
