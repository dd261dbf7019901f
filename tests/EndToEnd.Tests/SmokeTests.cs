using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace McpPlatform.EndToEnd.Tests;

/// <summary>The main job, by the same script that <c>./run.sh --smoke</c> runs.</summary>
public sealed class SmokeTests
{
    [Fact]
    public async Task The_main_job_is_done_and_nothing_stays_behind()
    {
        var root = Root();
        using var process = Process.Start(new ProcessStartInfo("node", [Path.Combine(root, "scripts", "smoke.mjs"), root])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();

        await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromMinutes(4)).Token);

        Assert.True(process.ExitCode == 0, $"{await output}\n{await errors}");
    }

    private static string Root([CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", ".."));
}
