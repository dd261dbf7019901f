using System.Buffers;
using System.Text.Json;
using McpPlatform.UserService.Queries.Engines;

namespace McpPlatform.UserService.Queries;

/// <summary>
/// An answer that is sent while it comes, one JSON document a line: <c>{"columns":…}</c>, then each row as an array, then <c>{"row_count":…}</c> or <c>{"error":…}</c>.
/// A reader that is slow slows the database down: nothing is kept here.
/// </summary>
internal sealed class StreamedResult : IRowSink, IAsyncDisposable
{
    public const string MediaType = "application/x-ndjson";

    private const int FlushAt = 64 * 1024;
    private readonly HttpResponse response;
    private readonly ArrayBufferWriter<byte> line = new();
    private readonly Utf8JsonWriter json;
    private long flushed;

    public StreamedResult(HttpResponse response)
    {
        this.response = response;
        json = new(line, JsonCells.Options);
    }

    public bool HasBegun => Written > 0;

    public long Written { get; private set; }

    public async Task BeginAsync(IReadOnlyList<ResultColumn> columns, CancellationToken cancellationToken)
    {
        response.ContentType = MediaType;
        json.WriteStartObject();
        JsonCells.WriteColumns(json, columns);
        json.WriteEndObject();
        EndLine();
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    public async Task RowAsync(Func<Utf8JsonWriter, Task> write, CancellationToken cancellationToken)
    {
        await write(json);
        EndLine();
        if (Written - flushed > FlushAt)
        {
            flushed = Written;
            await response.BodyWriter.FlushAsync(cancellationToken);
        }
    }

    public async Task EndAsync(QuerySummary summary, CancellationToken cancellationToken)
    {
        json.WriteStartObject();
        JsonCells.WriteSummary(json, summary);
        json.WriteEndObject();
        EndLine();
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    /// <summary>The last line of an answer that cannot be completed: the status was sent long ago.</summary>
    public async Task EndAsync(int status, string detail, string? sqlState, CancellationToken cancellationToken)
    {
        // A row that was begun is dropped.
        json.Reset();
        line.ResetWrittenCount();
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteNumber("status", status);
        json.WriteString("detail", detail);
        if (sqlState is not null)
        {
            json.WriteString("sql_state", sqlState);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        EndLine();
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => json.DisposeAsync();

    private void EndLine()
    {
        json.Flush();
        line.Write("\n"u8);
        response.BodyWriter.Write(line.WrittenSpan);
        Written += line.WrittenCount;
        line.ResetWrittenCount();
        json.Reset();
    }
}
