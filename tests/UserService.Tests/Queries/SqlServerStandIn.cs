using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>
/// As much of SQL Server's protocol (MS-TDS) as SqlClient needs to log in, to send batches and to be answered: no SQL is understood. What it hears is kept in order.
/// </summary>
public sealed class SqlServerStandIn : IAsyncDisposable
{
    public const string Attention = "attention";

    private const byte Batch = 1, Call = 3, Attend = 6, Login = 16, PreLogin = 18;
    private static readonly byte[] Done = [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    private static readonly byte[] DoneAttention = [0xFD, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;

    public SqlServerStandIn()
    {
        listener.Start();
        running = RunAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>The text of each batch, and <see cref="Attention"/>.</summary>
    public Channel<string> Heard { get; } = Channel.CreateUnbounded<string>();

    /// <summary>What a batch with this in it is answered: tokens, sent once or without end; null for silence.</summary>
    public Dictionary<string, (byte[]? Tokens, bool Endless)> Answers { get; } = new(StringComparer.Ordinal);

    public async Task<List<string>> HeardAsync(int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        List<string> heard = [];
        while (heard.Count < count)
        {
            heard.Add(await Heard.Reader.ReadAsync(patience.Token));
        }

        return heard;
    }

    /// <summary>A result: <paramref name="columns"/> is the metadata after the count, <paramref name="row"/> a row's values.</summary>
    public static byte[] Result(byte count, byte[] columns, byte[] row, bool ends = true) => [0x81, count, 0, .. columns, 0xD1, .. row, .. ends ? Done : []];

    public static byte[] Column(string name, params byte[] type) => [0, 0, 0, 0, 1, 0, .. type, (byte)name.Length, .. Encoding.Unicode.GetBytes(name)];

    public static byte[] Error(int number, byte severity, string message)
    {
        byte[] body = [.. BitConverter.GetBytes(number), 1, severity, .. Text16(message), 0, 0, 1, 0, 0, 0];
        return [0xAA, .. BitConverter.GetBytes((ushort)body.Length), .. body, 0xFD, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        listener.Stop();
        stopping.Dispose();
    }

    private static byte[] Text16(string text) => [.. BitConverter.GetBytes((ushort)text.Length), .. Encoding.Unicode.GetBytes(text)];

    private async Task RunAsync()
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                using var client = await listener.AcceptTcpClientAsync(stopping.Token);
                await ServeAsync(client.GetStream());
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        try
        {
            var next = ReadAsync(stream);
            while (await next is { } message)
            {
                var text = message.Type is Batch or Call ? Encoding.Unicode.GetString(message.Body.AsSpan(BinaryPrimitives.ReadInt32LittleEndian(message.Body) & ~1)) : message.Type == Attend ? Attention : string.Empty;
                if (text.Length > 0)
                {
                    await Heard.Writer.WriteAsync(text);
                }

                next = ReadAsync(stream);
                var (tokens, endless) = Answer(message.Type, message.Type == Call ? Encoding.Unicode.GetString(message.Body.AsSpan(message.Body.Length % 2)) + text : text);
                if (tokens is not null)
                {
                    await WriteAsync(stream, tokens, last: !endless);
                }

                while (endless && !next.IsCompleted)
                {
                    // Only rows from now on.
                    await WriteAsync(stream, [0xD1, .. tokens.AsSpan(tokens.AsSpan().IndexOf((byte)0xD1) + 1)], last: false);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The client has closed the connection.
        }
    }

    private (byte[]? Tokens, bool Endless) Answer(byte type, string text) => type switch
    {
        // Version, and that there is no TLS here.
        PreLogin => ([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 16, 0, 0, 0, 0, 0, 2], false),

        // The collation, and LOGINACK of TDS 7.4.
        Login => ([0xE3, 8, 0, 7, 5, 9, 4, 0xD0, 0, 0x34, 0, 0xAD, 18, 0, 1, 0x74, 0, 0, 4, 4, .. Encoding.Unicode.GetBytes("Test"), 16, 0, 0, 0, .. Done], false),
        Attend => (DoneAttention, false),
        _ => Answers.FirstOrDefault(answer => text.Contains(answer.Key, StringComparison.Ordinal)) is { Key: not null } known ? known.Value : (Done, false),
    };

    private static async Task<(byte Type, byte[] Body)?> ReadAsync(NetworkStream stream)
    {
        var header = new byte[8];
        List<byte> body = [];
        do
        {
            if (await stream.ReadAtLeastAsync(header, 8, throwOnEndOfStream: false) < 8)
            {
                return null;
            }

            var part = new byte[BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2)) - 8];
            await stream.ReadExactlyAsync(part);
            body.AddRange(part);
        }
        while ((header[1] & 1) == 0);

        return (header[0], [.. body]);
    }

    // Each write is a packet; the last one of an answer says so.
    private static async Task WriteAsync(NetworkStream stream, byte[] tokens, bool last)
    {
        byte[] header = [4, (byte)(last ? 1 : 0), 0, 0, 0, 0, 1, 0];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(tokens.Length + 8));
        await stream.WriteAsync((byte[])[.. header, .. tokens]);
    }
}
