using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using McpPlatform.ServiceDefaults.Http;

namespace McpPlatform.AnalyticsService.Export;

/// <summary>Writes rows one after the other, in a format of one line each; never more of them in memory than the network takes.</summary>
internal abstract class RowWriter<TRow>
{
    private const int Piece = 32 * 1024;

    public abstract string ContentType { get; }

    public async Task WriteAsync(IAsyncEnumerable<TRow> rows, PipeWriter output, CancellationToken cancellationToken)
    {
        var piece = new ArrayBufferWriter<byte>(Piece * 2);
        Begin(piece);
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            Write(row, piece);
            if (piece.WrittenCount >= Piece)
            {
                await output.WriteAsync(piece.WrittenMemory, cancellationToken);
                piece.ResetWrittenCount();
            }
        }

        await output.WriteAsync(piece.WrittenMemory, cancellationToken);
    }

    protected virtual void Begin(IBufferWriter<byte> output)
    {
    }

    protected abstract void Write(TRow row, IBufferWriter<byte> output);
}

/// <summary>A JSON object on each line (https://github.com/ndjson/ndjson-spec), as the lists of the API have it.</summary>
internal sealed class NdjsonWriter<TRow> : RowWriter<TRow>
{
    // As ASP.NET Core writes the lists: a file that is no page needs no escapes of HTML.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override string ContentType => "application/x-ndjson";

    protected override void Write(TRow row, IBufferWriter<byte> output)
    {
        using (var json = new Utf8JsonWriter(output, Options))
        {
            JsonSerializer.Serialize(json, row, HttpExtensions.Json);
        }

        output.Write("\n"u8);
    }
}

/// <summary>
/// RFC 4180, with a header. A text that a spreadsheet would take for a formula gets an apostrophe before it (https://owasp.org/www-community/attacks/CSV_Injection):
/// paths, names and user agents are what strangers send. NDJSON has the texts as they are.
/// </summary>
internal sealed class CsvWriter<TRow> : RowWriter<TRow>
{
    private static readonly PropertyInfo[] Columns = typeof(TRow).GetProperties(BindingFlags.Public | BindingFlags.Instance);
    private static readonly SearchValues<char> Special = SearchValues.Create(",\"\r\n");

    public override string ContentType => "text/csv; charset=utf-8; header=present";

    protected override void Begin(IBufferWriter<byte> output) =>
        Encoding.UTF8.GetBytes(string.Join(',', Columns.Select(column => JsonNamingPolicy.SnakeCaseLower.ConvertName(column.Name))) + "\r\n", output);

    protected override void Write(TRow row, IBufferWriter<byte> output)
    {
        var line = new StringBuilder();
        for (var index = 0; index < Columns.Length; index++)
        {
            line.Append(index == 0 ? string.Empty : ",").Append(Cell(Columns[index].GetValue(row)));
        }

        Encoding.UTF8.GetBytes(line.Append("\r\n").ToString(), output);
    }

    private static string Cell(object? value) => value switch
    {
        null => string.Empty,
        string text => Quote(text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? "'" + text : text),
        DateTimeOffset time => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        JsonElement json => Quote(json.GetRawText()),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Quote(value.ToString() ?? string.Empty),
    };

    private static string Quote(string text) => text.AsSpan().ContainsAny(Special) ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
