using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace McpPlatform.McpService.Upstream.Stdio;

/// <summary>
/// Starts a process as the leader of a session and group of its own, within limits, without a way to more rights, and so that it dies when this process does.
/// util-linux does all of that (setsid, prlimit, setpriv): each replaces itself by the next, so the id is the server's own.
/// </summary>
internal static class ProcessGroup
{
    private const int SigTerm = 15, SigKill = 9;
    private static readonly string[] Directories = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

    // The kernel sends the signal of --pdeathsig when the thread that started the process ends, not when the process does that it belongs to: so one thread starts them all, and never ends.
    private static readonly Lazy<BlockingCollection<Action>> Starter = new(() =>
    {
        var work = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in work.GetConsumingEnumerable())
            {
                start();
            }
        }) { IsBackground = true, Name = "stdio starter" }.Start();
        return work;
    });

    /// <summary>The tool that is needed and not there; null when all are.</summary>
    public static string? FindMissingTool() => Array.Find(["setsid", "prlimit", "setpriv"], tool => Find(tool) is null);

    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static async Task<Process> StartAsync(StdioTemplate template, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Find("setsid")!)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
            WorkingDirectory = template.WorkingDirectory ?? Path.GetTempPath(),
        };
        string[] limits =
        [
            Find("prlimit")!, $"--data={template.MemoryMegabytes * 1024L * 1024}", $"--cpu={template.CpuSeconds}", $"--nofile={template.OpenFiles}", "--core=0", "--",
            Find("setpriv")!, "--pdeathsig", "KILL", "--no-new-privs", "--", template.Command,
        ];
        foreach (var argument in limits.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        // What this service has in its environment are its secrets.
        start.Environment.Clear();
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Starter.Value.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception exception)
            {
                started.SetException(exception);
            }
        });
        return await started.Task;
    }

    /// <summary>Ends a process and all that it has started: by the closing of its input, then by request, then by force.</summary>
    /// <param name="process">The leader of a group.</param>
    /// <param name="patience">For each of the first two steps half of it.</param>
    public static async Task StopAsync(Process process, TimeSpan patience)
    {
        var group = -process.Id;
        try
        {
            process.StandardInput.Close();
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // It does not read any more.
        }

        if (!await HasEndedAsync(process, patience / 2))
        {
            _ = Kill(group, SigTerm);
            await HasEndedAsync(process, patience / 2);
        }

        // Its children too, which may have outlived it. The group's number is taken as long as one of them lives.
        _ = Kill(group, SigKill);
        await HasEndedAsync(process, patience);
    }

    private static async Task<bool> HasEndedAsync(Process process, TimeSpan within)
    {
        using var timeout = new CancellationTokenSource(within);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return process.HasExited;
        }
    }

    private static string? Find(string tool) => Directories.Select(directory => Path.Combine(directory, tool)).FirstOrDefault(File.Exists);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
