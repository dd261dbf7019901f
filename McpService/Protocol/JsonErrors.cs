using System.Text;

namespace McpPlatform.McpService.Protocol;

/// <summary>
/// Errors with an HTTP status of their own go out as JSON, as the specification has them; the SDK writes those that a session answers with as a stream of one event.
/// Everything else passes untouched.
/// </summary>
internal sealed class JsonErrors : Stream
{
    private readonly HttpResponse response;
    private readonly Stream inner;
    private MemoryStream? held;

    public JsonErrors(HttpResponse response)
    {
        (this.response, inner) = (response, response.Body);
        response.Body = this;
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

    private bool Holds => held is not null
        || (!response.HasStarted && response.StatusCode >= 400 && response.ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) == true);

    public async Task FinishAsync()
    {
        response.Body = inner;
        if (held is null)
        {
            return;
        }

        var text = Encoding.UTF8.GetString(held.GetBuffer(), 0, (int)held.Length);
        response.ContentType = "application/json";
        await inner.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(text.Split('\n').Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..].TrimStart()))));
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Holds)
        {
            await (held ??= new()).WriteAsync(buffer, cancellationToken);
        }
        else
        {
            await inner.WriteAsync(buffer, cancellationToken);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Holds ? Task.CompletedTask : inner.FlushAsync(cancellationToken);

    public override void Flush()
    {
        if (!Holds)
        {
            inner.Flush();
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        held?.Dispose();
        base.Dispose(disposing);
    }
}
