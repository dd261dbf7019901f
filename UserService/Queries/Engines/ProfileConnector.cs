using System.Net;
using System.Net.Sockets;
using McpPlatform.ServiceDefaults.Outbound;

namespace McpPlatform.UserService.Queries.Engines;

/// <summary>The only way to a database of a connection profile: through the outbound guard, to an address that it has just allowed.</summary>
internal sealed class ProfileConnector(OutboundGuard guard, IEnumerable<IDatabaseEngine> engines)
{
    /// <summary>How long resolving, connecting, TLS and login may take together.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public IDatabaseEngine EngineOf(DatabaseType type) => engines.Single(engine => engine.Type == type);

    /// <summary>Opens a connection within <see cref="Patience"/>.</summary>
    /// <exception cref="ConnectFailedException">It says in one sentence why not.</exception>
    public async Task<IDatabaseSession> OpenAsync(ConnectionTarget target, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            return await OpenAtAnyAsync(target, patience.Token);
        }
        catch (Exception exception) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(target, exception);
        }
        catch (OutboundRefusedException exception)
        {
            throw new ConnectFailedException(ConnectFailure.NotAllowed, exception.Message, exception);
        }
    }

    internal static ConnectFailedException TimedOut(ConnectionTarget target, Exception exception) =>
        new(ConnectFailure.TimedOut, $"{target.Host}:{target.Port} did not answer within {Patience.TotalSeconds:0} seconds.", exception);

    // Not every driver hears the token while it waits for the server's first words; each of them gives up by itself a moment later.
    private static async Task<IDatabaseSession> WithinAsync(Task<IDatabaseSession> opening, CancellationToken cancellationToken)
    {
        try
        {
            return await opening.WaitAsync(cancellationToken);
        }
        catch when (!opening.IsCompleted)
        {
            _ = opening.ContinueWith(
                late => late.IsCompletedSuccessfully ? late.GetAwaiter().GetResult().DisposeAsync().AsTask() : Task.FromResult(late.Exception),
                CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            throw;
        }
    }

    private async Task<IDatabaseSession> OpenAtAnyAsync(ConnectionTarget target, CancellationToken cancellationToken)
    {
        var engine = EngineOf(target.Type);
        var addresses = await ResolveAsync(target, cancellationToken);
        for (var i = 0; ; i++)
        {
            try
            {
                return await WithinAsync(engine.OpenAsync(target, addresses[i], cancellationToken), cancellationToken);
            }
            catch (ConnectFailedException exception) when (exception.Failure == ConnectFailure.Unreachable && i + 1 < addresses.Count)
            {
                // A host with an IPv6 and an IPv4 address of which one leads nowhere from here.
            }
        }
    }

    private async Task<IReadOnlyList<IPAddress>> ResolveAsync(ConnectionTarget target, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await guard.ResolveAsync(target.Host, target.Port, cancellationToken);

            // SqlClient follows a server that sends it to another address, which no guard would see: only servers that the operator trusts.
            return target.Type != DatabaseType.Sqlserver || guard.IsListed(target.Host, addresses, target.Port)
                ? addresses
                : throw new ConnectFailedException(
                    ConnectFailure.NotAllowed, $"{target.Host}:{target.Port} may not be reached: a SQL Server must be listed by the operator in {OutboundOptions.Key}.");
        }
        catch (SocketException exception)
        {
            throw new ConnectFailedException(ConnectFailure.UnknownHost, $"The host {target.Host} is not known.", exception);
        }
    }
}
