using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace McpPlatform.LocalHosting;

/// <summary>A line that a process wrote.</summary>
/// <param name="Text">The line, with its time stamp.</param>
/// <param name="IsError">Whether it came from standard error.</param>
public sealed record LogLine(string Text, bool IsError);

/// <summary>The console output of the instances, read from the engine on demand, after what we noted about them ourselves.</summary>
public sealed class ResourceLogs(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<LogLine>> _notes = new(StringComparer.Ordinal);

    internal Func<string, bool, CancellationToken, IAsyncEnumerable<LogLine>>? Source { get; set; }

    /// <summary>Yields the lines so far and, with <paramref name="follow"/>, those to come until the process ends or the caller cancels.</summary>
    public async IAsyncEnumerable<LogLine> ReadAsync(
        string instanceName, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var note in _notes.TryGetValue(instanceName, out var notes) ? notes : [])
        {
            yield return note;
        }

        if (Source is { } source)
        {
            await foreach (var line in source(instanceName, follow, cancellationToken))
            {
                yield return line;
            }
        }
    }

    internal void Note(string instanceName, string text, bool isError = false) =>
        _notes.GetOrAdd(instanceName, _ => new()).Enqueue(new LogLine($"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {text}", isError));
}
