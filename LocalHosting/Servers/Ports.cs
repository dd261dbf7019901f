using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;

namespace McpPlatform.LocalHosting.Servers;

/// <summary>Chooses ports on loopback, the same ones as last time where they are free.</summary>
internal sealed class Ports(DataDirectory data)
{
    // Below the range that systems take for outgoing connections, so that a port that was free stays free until the server listens.
    private const int First = 20_000, Last = 32_000;
    private readonly string _path = System.IO.Path.Combine(data.Path, "ports.json");
    private Dictionary<string, int>? _kept;

    public static bool IsFree(int port) => CanListen(IPAddress.Loopback, port) && (!Socket.OSSupportsIPv6 || CanListen(IPAddress.IPv6Loopback, port));

    public static int Free()
    {
        int port;
        do
        {
            port = RandomNumberGenerator.GetInt32(First, Last);
        }
        while (!IsFree(port));
        return port;
    }

    public int For(string name)
    {
        if (data.IsThrowAway)
        {
            return Free();
        }

        _kept ??= Read();
        if (!_kept.TryGetValue(name, out var port) || !IsFree(port))
        {
            port = _kept[name] = Free();
            File.WriteAllText(_path, JsonSerializer.Serialize(_kept));
        }

        return port;
    }

    private Dictionary<string, int> Read()
    {
        try
        {
            return File.Exists(_path) ? JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(_path)) ?? [] : [];
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            return []; // Only a convenience: other ports do as well.
        }
    }

    private static bool CanListen(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;
        }
    }
}
