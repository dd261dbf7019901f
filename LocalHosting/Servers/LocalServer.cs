using System.Diagnostics;
using McpPlatform.LocalHosting.Dcp;

namespace McpPlatform.LocalHosting.Servers;

/// <summary>A server that runs as a process of this machine: its files, its command, its handshake.</summary>
internal abstract class LocalServer(DataDirectory data, Action<string> note) : IAsyncDisposable
{
    protected DataDirectory Data { get; } = data;

    /// <summary>Says something in the server's console log.</summary>
    protected Action<string> Note { get; } = note;

    /// <summary>Processes that it needs beside itself, started first.</summary>
    public virtual IReadOnlyList<ExecutableSpec> Companions => [];

    /// <summary>Fails with one sentence when the server is not installed. Called for all before anything starts.</summary>
    public abstract void Find();

    /// <summary>Writes the files that it needs, and returns the command.</summary>
    public abstract Task<ExecutableSpec> PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Logs in; throws while it does not answer.</summary>
    public abstract Task CheckAsync(CancellationToken cancellationToken);

    /// <summary>The signal that ends it without waiting for its clients; null is the orchestrator's own (SIGTERM).</summary>
    public virtual string? StopSignal => null;

    public ValueTask DisposeAsync() => CloseAsync();

    protected virtual ValueTask CloseAsync() => ValueTask.CompletedTask;

    public static LocalServer? For(IResource resource, DataDirectory data, Ports ports, Action<string> note) => resource switch
    {
        PostgresServerResource postgres => new PostgresServer(postgres, data, note),
        RedisResource redis => new RedisServer(redis, data, note),
        RabbitMQServerResource rabbit => new RabbitServer(rabbit, data, ports, note),
        _ => null,
    };

    /// <summary>Runs a short program to its end; fails with what it wrote.</summary>
    protected static async Task RunAsync(ExecutableSpec spec, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(spec.ExecutablePath, spec.Args)
        {
            WorkingDirectory = spec.WorkingDirectory, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var variable in spec.Env)
        {
            start.Environment[variable.Name] = variable.Value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new DistributedApplicationException(
                $"{Path.GetFileName(spec.ExecutablePath)} {(spec.Args is [var first, ..] ? first : "")} ended with exit code {process.ExitCode}: {(errors + await output).Trim()}");
        }
    }

    protected static void CreatePrivate(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
