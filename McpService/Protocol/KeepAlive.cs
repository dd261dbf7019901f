using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Protocol;

/// <summary>What clients of the MCP endpoints see while nothing happens.</summary>
internal sealed class McpStreamOptions
{
    public const string Section = "McpStream";

    /// <summary>After how long without a word a comment goes out, so that proxies and clients see that the request lives; 100 ms to 5 min.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(15);
}

internal sealed class McpStreamOptionsValidator : IValidateOptions<McpStreamOptions>
{
    public ValidateOptionsResult Validate(string? name, McpStreamOptions options) =>
        options.KeepAlive >= TimeSpan.FromMilliseconds(100) && options.KeepAlive <= TimeSpan.FromMinutes(5)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"{McpStreamOptions.Section}__KeepAlive is {options.KeepAlive}, but must be 00:00:00.1 to 00:05:00.");
}

/// <summary>
/// Writes comments between the events of a stream that is silent. The SDK begins a response with its first message: a call that takes a minute would look like a dead
/// connection for a minute. Once a comment has begun it, status and headers are settled; an error that comes later is an event. An answer that is all there is to say
/// goes out in one piece, its length known: each further piece costs the network, the Gateway and the client as much as the first.
/// </summary>
internal sealed class KeepAlive : Stream
{
    private const int LargestPiece = 64 * 1024;
    private static readonly TimeSpan HeadersAfter = TimeSpan.FromSeconds(1);
    private readonly HttpContext context;
    private readonly IHttpResponseFeature feature;
    private readonly Stream inner;
    private readonly TimeSpan interval;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly SemaphoreSlim gate = new(1);
    private long lastWord;
    private byte beforeLast = (byte)'\n', last = (byte)'\n';
    private bool settled, answers, wroteAny, startLater;
    private MemoryStream? piece;

    public KeepAlive(HttpContext context, TimeSpan interval, TimeProvider time)
    {
        (this.context, this.interval, this.time, feature, inner) = (context, interval, time, context.Features.GetRequiredFeature<IHttpResponseFeature>(), context.Response.Body);
        context.Features.Set<IHttpResponseFeature>(new SettledResponse(feature, () => Volatile.Read(ref settled)));
        context.Response.Body = this;
        context.Features.Set(this);
        lastWord = time.GetTimestamp();
        timer = time.CreateTimer(_ => _ = BeatAsync(), null, interval < HeadersAfter ? interval : HeadersAfter, interval);
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    // An event ends with an empty line.
    private bool IsBetweenEvents => last == '\n' && beforeLast == '\n';

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            wroteAny = true;
            if (answers && !feature.HasStarted && (piece?.Length ?? 0) + buffer.Length <= LargestPiece)
            {
                (piece ??= new()).Write(buffer.Span);
                return;
            }

            await WritePieceAsync(cancellationToken);
            await inner.WriteAsync(buffer, cancellationToken);
            if (buffer.Length > 0)
            {
                (beforeLast, last) = (buffer.Length > 1 ? buffer.Span[^2] : last, buffer.Span[^1]);
                lastWord = time.GetTimestamp();
            }
        }
        finally
        {
            gate.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            // The SDK sends the headers of a session's answers ahead. What is answered soon goes out with them.
            if (!feature.HasStarted && !wroteAny && HttpMethods.IsPost(context.Request.Method))
            {
                startLater = true;
            }
            else if (piece is null)
            {
                await inner.FlushAsync(cancellationToken);
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>What is written from now on is the last of this response.</summary>
    public void Answers() => Volatile.Write(ref answers, true);

    /// <summary>Sends what was kept for the end.</summary>
    public async Task FinishAsync()
    {
        await gate.WaitAsync();
        try
        {
            if (piece is not null)
            {
                feature.Headers.ContentLength = piece.Length;
                await WritePieceAsync(context.RequestAborted);
            }
        }
        finally
        {
            gate.Release();
        }
    }

    public override void Flush()
    {
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await timer.DisposeAsync();

        // A comment that is being written is written to its end.
        await gate.WaitAsync();
        gate.Dispose();
        context.Response.Body = inner;
        context.Features.Set(feature);
        context.Features.Set<KeepAlive>(null);
        await base.DisposeAsync();
    }

    private async Task WritePieceAsync(CancellationToken cancellationToken)
    {
        if (piece is { } kept)
        {
            piece = null;
            await inner.WriteAsync(kept.GetBuffer().AsMemory(0, (int)kept.Length), cancellationToken);
        }
    }

    private async Task BeatAsync()
    {
        try
        {
            var isSilent = time.GetElapsedTime(Volatile.Read(ref lastWord)) >= interval;
            if ((!isSilent && !Volatile.Read(ref startLater)) || !await gate.WaitAsync(0))
            {
                return;
            }

            try
            {
                if (startLater && !wroteAny && !feature.HasStarted)
                {
                    await inner.FlushAsync(context.RequestAborted);
                }

                startLater = false;
                if (isSilent && piece is null && IsBetweenEvents && TrySettle())
                {
                    await inner.WriteAsync(": keep-alive\n\n"u8.ToArray(), context.RequestAborted);
                    await inner.FlushAsync(context.RequestAborted);
                }
            }
            finally
            {
                gate.Release();
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            // The client has gone, or the answer is out.
        }
    }

    private bool TrySettle()
    {
        if (feature.HasStarted)
        {
            return feature.Headers.ContentType.ToString().StartsWith("text/event-stream", StringComparison.Ordinal);
        }

        if (feature.StatusCode != StatusCodes.Status200OK)
        {
            return false;
        }

        (feature.Headers.ContentType, feature.Headers.CacheControl) = ("text/event-stream", "no-cache,no-store");
        Volatile.Write(ref settled, true);
        return true;
    }

    private sealed class SettledResponse(IHttpResponseFeature inner, Func<bool> settled) : IHttpResponseFeature
    {
        private readonly HeaderDictionary tooLate = [];

        public int StatusCode
        {
            get => inner.StatusCode;
            set
            {
                if (!settled())
                {
                    inner.StatusCode = value;
                }
            }
        }

        public string? ReasonPhrase
        {
            get => inner.ReasonPhrase;
            set => inner.ReasonPhrase = value;
        }

        public IHeaderDictionary Headers
        {
            get => settled() ? tooLate : inner.Headers;
            set => inner.Headers = value;
        }

#pragma warning disable CS0618 // Part of the interface.
        public Stream Body
        {
            get => inner.Body;
            set => inner.Body = value;
        }
#pragma warning restore CS0618

        public bool HasStarted => inner.HasStarted;

        public void OnStarting(Func<object, Task> callback, object state) => inner.OnStarting(callback, state);

        public void OnCompleted(Func<object, Task> callback, object state) => inner.OnCompleted(callback, state);
    }
}
