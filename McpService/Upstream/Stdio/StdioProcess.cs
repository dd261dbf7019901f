using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream.Stdio;

/// <summary>
/// A process that speaks MCP on its standard input and output: one message a line. What it writes is bounded: a line that is longer than an answer may be ends
/// the process, and of what it writes to standard error the last lines are kept, each cut.
/// </summary>
internal sealed class StdioProcess : ITransport
{
    private const int KeptLines = 20, MaxKeptLine = 500;
    private static readonly byte[] NewLine = "\n"u8.ToArray();

    private readonly Process process;
    private readonly long maxLine;
    private readonly TimeSpan stopTimeout;
    private readonly Action<StdioProcess> stopped;
    private readonly Channel<JsonRpcMessage> messages = Channel.CreateBounded<JsonRpcMessage>(new BoundedChannelOptions(256) { SingleWriter = true });
    private readonly SemaphoreSlim writing = new(1);
    private readonly Queue<string> errors = new();
    private readonly Lazy<Task> stop;
    private readonly Task reading, draining;
    private volatile string? cause;

    public StdioProcess(Process process, long maxLine, TimeSpan stopTimeout, Action<StdioProcess> stopped)
    {
        (this.process, this.maxLine, this.stopTimeout, this.stopped) = (process, maxLine, stopTimeout, stopped);
        Id = process.Id;
        stop = new(StopAsync);
        reading = ReadAsync();
        draining = DrainAsync();
    }

    /// <summary>Its process id, which is its group's too.</summary>
    public int Id { get; }

    public string? SessionId => null;

    public ChannelReader<JsonRpcMessage> MessageReader => messages.Reader;

    /// <summary>Whether it ended before anybody told it to.</summary>
    public bool EndedByItself { get; private set; }

    /// <summary>Why it is there no more, as the predicate of a sentence that begins with the server's name.</summary>
    public string HowItEnded => cause ?? (HasExited(out var code) ? $"ended with exit code {code}" : "closed its output");

    /// <summary>The last lines that it wrote to standard error.</summary>
    public IReadOnlyList<string> LastErrors
    {
        get
        {
            lock (errors)
            {
                return [.. errors];
            }
        }
    }

    public async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(message, McpJsonUtilities.DefaultOptions);
        await writing.WaitAsync(cancellationToken);
        try
        {
            // To the end: half a message would make the next one unreadable. A process that does not read is found out by the deadline of who asked, and then stopped.
            var input = process.StandardInput.BaseStream;
            await WriteAsync(input, line).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            cause ??= "does not read what it is sent";
            _ = stop.Value;
            throw;
        }
        finally
        {
            writing.Release();
        }
    }

    public async ValueTask DisposeAsync() => await stop.Value;

    private static async Task WriteAsync(Stream input, byte[] line)
    {
        await input.WriteAsync(line, CancellationToken.None);
        await input.WriteAsync(NewLine, CancellationToken.None);
        await input.FlushAsync(CancellationToken.None);
    }

    private async Task ReadAsync()
    {
        // A thread of the pool is not blocked: reads of pipes are asynchronous on Unix.
        await Task.Yield();
        var reader = PipeReader.Create(process.StandardOutput.BaseStream);
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync();
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    await TakeAsync(buffer.Slice(0, end));
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }

                if (buffer.Length > maxLine)
                {
                    cause = $"sent more than {maxLine} bytes in one message";
                    return;
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException or ChannelClosedException)
        {
            // It has ended.
        }
        finally
        {
            messages.Writer.TryComplete();
            EndedByItself |= !stop.IsValueCreated;
            _ = stop.Value;
        }
    }

    private async Task TakeAsync(ReadOnlySequence<byte> line)
    {
        JsonRpcMessage? message = null;
        try
        {
            var json = new Utf8JsonReader(line);
            message = JsonSerializer.Deserialize<JsonRpcMessage>(ref json, McpJsonUtilities.DefaultOptions);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // Greetings and debugging that belong to standard error: many servers do it, and it hurts nobody.
            Keep(Encoding.UTF8.GetString(line.Slice(0, Math.Min(line.Length, MaxKeptLine))));
        }

        if (message is not null)
        {
            await messages.Writer.WriteAsync(message);
        }
    }

    private async Task DrainAsync()
    {
        var buffer = new byte[4096];
        var line = new StringBuilder();
        try
        {
            while (await process.StandardError.BaseStream.ReadAsync(buffer) is > 0 and var count)
            {
                foreach (var character in Encoding.UTF8.GetString(buffer, 0, count))
                {
                    if (character == '\n')
                    {
                        Keep(line.ToString());
                        line.Clear();
                    }
                    else if (line.Length < MaxKeptLine)
                    {
                        line.Append(character);
                    }
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It has ended.
        }

        Keep(line.ToString());
    }

    private void Keep(string line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (errors)
        {
            errors.Enqueue(new([.. line.Where(character => !char.IsControl(character))]));
            if (errors.Count > KeptLines)
            {
                errors.Dequeue();
            }
        }
    }

    private bool HasExited(out int code)
    {
        try
        {
            code = process.HasExited ? process.ExitCode : 0;
            return process.HasExited;
        }
        catch (InvalidOperationException)
        {
            code = 0;
            return false;
        }
    }

    private async Task StopAsync()
    {
        EndedByItself |= cause is not null || HasExited(out _);
        await ProcessGroup.StopAsync(process, stopTimeout);
        cause ??= HowItEnded;
        messages.Writer.TryComplete();

        // A grandchild that changed its group may hold the pipes open: nobody waits for it.
        await Task.WhenAny(Task.WhenAll(reading, draining), Task.Delay(TimeSpan.FromSeconds(1)));
        stopped(this);
        process.Dispose();
    }
}
