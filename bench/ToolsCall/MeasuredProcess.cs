using System.Diagnostics;
using System.Globalization;

namespace McpPlatform.Bench.ToolsCall;

/// <summary>A process that is measured, with all that it starts. Reads <c>/proc</c>, so these figures are to be had on Linux.</summary>
internal sealed class MeasuredProcess : IAsyncDisposable
{
    // USER_HZ, which Linux has at 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;
    private readonly Process process;
    private readonly TaskCompletionSource<string> firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> said = [];

    private MeasuredProcess(Process process) => this.process = process;

    /// <summary>The first line that it wrote.</summary>
    public Task<string> FirstLine => firstLine.Task;

    public static MeasuredProcess Start(string program, IEnumerable<string> arguments, string directory, IEnumerable<KeyValuePair<string, string?>> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory };
        foreach (var (key, value) in environment)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var measured = new MeasuredProcess(Process.Start(start)!);
        measured.process.OutputDataReceived += (_, line) => measured.Hear(line.Data);
        measured.process.ErrorDataReceived += (_, line) => measured.Hear(line.Data);
        measured.process.BeginOutputReadLine();
        measured.process.BeginErrorReadLine();
        return measured;
    }

    /// <summary>A project of the solution that was built with this one.</summary>
    public static MeasuredProcess StartProject(string project, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string?>> environment)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var directory = Path.Combine(here.Parent!.Parent!.FullName, project, here.Name);
        return Start("dotnet", [Path.Combine(directory, project + ".dll"), .. arguments], directory, environment);
    }

    /// <summary>CPU time so far and memory now, children included.</summary>
    public (TimeSpan Cpu, long Rss) Read()
    {
        var parents = new Dictionary<int, (int Parent, double Ticks, long Pages)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && TryRead(directory) is { } stat)
            {
                parents[id] = stat;
            }
        }

        var mine = new HashSet<int> { process.Id };
        while (parents.Where(one => mine.Contains(one.Value.Parent) && !mine.Contains(one.Key)).Select(one => one.Key).ToList() is { Count: > 0 } more)
        {
            mine.UnionWith(more);
        }

        var all = mine.Where(parents.ContainsKey).Select(id => parents[id]).ToList();
        return (TimeSpan.FromSeconds(all.Sum(one => one.Ticks) / TicksPerSecond), all.Sum(one => one.Pages) * Environment.SystemPageSize);
    }

    /// <summary>Throws what it said when it has ended.</summary>
    public void MustRun()
    {
        if (process.HasExited)
        {
            lock (said)
            {
                throw new InvalidOperationException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} ended with {process.ExitCode}: {string.Join('\n', said)}");
            }
        }
    }

    /// <summary>Waits until it has ended by itself.</summary>
    public async Task EndedAsync()
    {
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            MustRun();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private static (int Parent, double Ticks, long Pages)? TryRead(string directory)
    {
        try
        {
            // The name in parentheses may hold anything; fields are counted from behind it: state, parent, …, utime (12th), stime (13th), …, rss (22nd).
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (Number(fields[1]), Number(fields[11]) + Number(fields[12]), long.Parse(fields[21], CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
            return null;
        }
    }

    private static int Number(string field) => int.Parse(field, CultureInfo.InvariantCulture);

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        firstLine.TrySetResult(line);
        lock (said)
        {
            said.Add(line);
            if (said.Count > 200)
            {
                said.RemoveAt(0);
            }
        }
    }
}
