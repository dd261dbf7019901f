using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace McpPlatform.ServiceDefaults.Outbound;

/// <summary>Finds a host's addresses.</summary>
/// <param name="host">A name or an address in any notation.</param>
/// <param name="cancellationToken">Ends the wait.</param>
/// <returns>At least one address; a <see cref="SocketException"/> when the host is not known.</returns>
public delegate Task<IPAddress[]> HostResolver(string host, CancellationToken cancellationToken);

/// <summary>
/// The only way to an address that a user gave. The decision is made when connecting, on the addresses that the name has at that moment, and the
/// connection goes to an address that was decided on: a name that answers differently the next time gains nothing.
/// </summary>
/// <param name="options">What the operator allows.</param>
/// <param name="resolve">Finds addresses.</param>
public sealed class OutboundGuard(IOptions<OutboundOptions> options, HostResolver resolve)
{
    // They mean something only inside of a cloud, and there the credentials of the machine.
    private static readonly HashSet<string> MetadataNames = new(StringComparer.Ordinal)
    {
        "metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal", "instance-data", "instance-data.ec2.internal",
    };

    private readonly OutboundRule[] rules = [.. options.Value.Allow.Select(entry => OutboundRule.TryParse(entry, out var rule) ? rule : null).OfType<OutboundRule>()];

    /// <summary>The addresses of a host, if every one of them may be reached.</summary>
    /// <param name="host">A name or an address, as the user gave it.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>At least one address. Connect to these and do not ask again.</returns>
    /// <exception cref="OutboundRefusedException">One of them may not be reached.</exception>
    /// <exception cref="SocketException">The host is not known.</exception>
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, int port, CancellationToken cancellationToken = default)
    {
        var name = Canonical(host);
        if (MetadataNames.Contains(name))
        {
            throw new OutboundRefusedException(host, port);
        }

        IPAddress[] addresses = IPAddress.TryParse(name, out var literal) ? [literal] : await resolve(name, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        // Which of several answers is connected to is chance, so one that may not be reached refuses all.
        var plain = addresses.Select(OutboundAddress.Plain).ToList();
        return plain.TrueForAll(address => MayReach(name, address, port)) ? plain : throw new OutboundRefusedException(host, port);
    }

    /// <summary>Opens a TCP connection.</summary>
    /// <returns>The connection; it owns its socket.</returns>
    /// <inheritdoc cref="ResolveAsync"/>
    public async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken = default)
    {
        var addresses = await ResolveAsync(host, port, cancellationToken);
        for (var i = 0; ; i++)
        {
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(addresses[i], port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (i + 1 < addresses.Count)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>Whether the operator's list itself names this host: a server that is trusted, and not merely one that may be reached.</summary>
    /// <param name="host">A name or an address, as the user gave it.</param>
    /// <param name="addresses">What <see cref="ResolveAsync"/> gave.</param>
    /// <param name="port">1 to 65535.</param>
    /// <returns>True when each of the addresses is listed.</returns>
    public bool IsListed(string host, IReadOnlyList<IPAddress> addresses, int port) =>
        addresses.All(address => rules.Any(rule => rule.Allows(Canonical(host), address, port)));

    internal static string Canonical(string host)
    {
        var name = host.Length > 2 && host[0] == '[' && host[^1] == ']' ? host[1..^1] : host;
        return name.ToLowerInvariant().TrimEnd('.');
    }

    private bool MayReach(string host, IPAddress address, int port) =>
        !OutboundAddress.IsForbidden(address) && (OutboundAddress.IsPublic(address) || rules.Any(rule => rule.Allows(host, address, port)));
}

/// <summary>The address may not be reached. Which address a name has, and whether anything listens there, is not told.</summary>
/// <param name="host">The host, as the user gave it.</param>
/// <param name="port">The port.</param>
public sealed class OutboundRefusedException(string host, int port)
    : Exception($"{host}:{port} may not be reached: only public addresses may be, and those that the operator lists in {OutboundOptions.Key}.");
