using System.Buffers;
using System.Text.Json;
using McpPlatform.UserService.Queries.Engines;

namespace McpPlatform.UserService.Queries;

/// <summary>An answer that is sent when it is complete: what goes wrong before that has a status of its own.</summary>
internal sealed class BufferedResult : IRowSink, IDisposable
{
    private readonly ArrayBufferWriter<byte> body = new();
    private readonly Utf8JsonWriter json;

    public BufferedResult() => json = new(body, JsonCells.Options);

    public long Written => json.BytesCommitted + json.BytesPending;

    public Task BeginAsync(IReadOnlyList<ResultColumn> columns, CancellationToken cancellationToken)
    {
        json.WriteStartObject();
        JsonCells.WriteColumns(json, columns);
        json.WriteStartArray("rows");
        return Task.CompletedTask;
    }

    public Task RowAsync(Func<Utf8JsonWriter, Task> write, CancellationToken cancellationToken) => write(json);

    public ReadOnlyMemory<byte> Complete(QuerySummary summary)
    {
        json.WriteEndArray();
        JsonCells.WriteSummary(json, summary);
        json.WriteEndObject();
        json.Flush();
        return body.WrittenMemory;
    }

    public void Dispose() => json.Dispose();
}
