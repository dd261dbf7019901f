using System.Diagnostics;

namespace McpPlatform.AppHost.Tests;

/// <summary>Starts AppHost as a person does, and finds every process that came of it.</summary>
internal sealed class AppHostProcess : IAsyncDisposable
{
    private readonly string _mark = $"test-{Guid.CreateVersion7():N}";
    private readonly Process _process;
    private readonly Task<string> _errors;

    public AppHostProcess(IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.ChangeExtension(typeof(Program).Assembly.Location, ".dll"), .. args])
        {
            UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true,
        };
        start.Environment["APPHOST_TEST_MARK"] = _mark;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public int ProcessId => _process.Id;

    public void Kill() => _process.Kill(entireProcessTree: false);

    /// <summary>What it wrote to standard error, and its exit code, once it has ended.</summary>
    public async Task<(int ExitCode, string Errors)> WaitAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(limit.Token);
        return (_process.ExitCode, (await _errors).Trim());
    }

    /// <summary>The command lines of the processes that descend from it, whoever their parent is now.</summary>
    public async Task<IReadOnlyList<string>> DescendantsAsync() =>
        [.. (await Processes.WithEnvironmentAsync($"APPHOST_TEST_MARK={_mark}")).Where(line => !line.StartsWith($"{ProcessId} ", StringComparison.Ordinal))];

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: false);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}

internal static class Processes
{
    /// <summary>The processes whose environment or command line contains the text.</summary>
    public static async Task<IReadOnlyList<string>> WithEnvironmentAsync(string text)
    {
        using var ps = Process.Start(new ProcessStartInfo("ps", ["axeww", "-o", "pid=", "-o", "command="]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = await ps.StandardOutput.ReadToEndAsync();
        return [.. output.Split('\n').Select(line => line.Trim()).Where(line => line.Contains(text, StringComparison.Ordinal))];
    }

    /// <summary>Waits until nothing is left, and returns what is left after the limit.</summary>
    public static async Task<IReadOnlyList<string>> LeftAfterAsync(TimeSpan limit, Func<Task<IReadOnlyList<string>>> find)
    {
        var watch = Stopwatch.StartNew();
        while (await find() is { Count: > 0 } left)
        {
            if (watch.Elapsed > limit)
            {
                return left;
            }

            await Task.Delay(200);
        }

        return [];
    }
}
