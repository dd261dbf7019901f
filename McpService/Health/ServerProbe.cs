using System.Net.Sockets;
using McpPlatform.McpService.Tools;
using McpPlatform.McpService.Upstream;
using McpPlatform.ServiceDefaults.Outbound;

namespace McpPlatform.McpService.Health;

/// <summary>Looks at one server the way calls do: over its kept session, by listing its tools. HTTP 200 alone proves nothing.</summary>
internal sealed class ServerProbe(UpstreamSessions sessions, ToolCatalogue catalogue, OutboundGuard guard, TimeProvider time)
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(2);

    public async Task<ProbeResult> ProbeAsync(UpstreamServer server, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var start = time.GetTimestamp();
        try
        {
            var (version, hasTools) = await sessions.UseAsync(server, SessionOwner.Platform, async leg =>
            {
                if (!leg.Profile.Has("tools"))
                {
                    await leg.PingAsync(stop.Token);
                }

                return (leg.ProtocolVersion, leg.Profile.Has("tools"));
            }, stop.Token);
            var count = hasTools ? (await catalogue.RefreshAsync(server, SessionOwner.Platform, stop.Token)).Listed : 0;
            return new(time.GetElapsedTime(start)) { ToolCount = count, ProtocolVersion = version };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return await ExplainSilenceAsync(server, time.GetElapsedTime(start), timeout, cancellationToken);
        }
        catch (UpstreamException exception) when (exception.Failure == UpstreamFailure.Timeout)
        {
            return await ExplainSilenceAsync(server, time.GetElapsedTime(start), timeout, cancellationToken);
        }
        catch (UpstreamException exception) when (exception.Failure == UpstreamFailure.Unauthorized && server.NeedsUsersCredential)
        {
            // It is there, and asks for what only its users have: that is no outage.
            return new(time.GetElapsedTime(start));
        }
        catch (UpstreamException exception)
        {
            return ProbeResult.Bad(time.GetElapsedTime(start), PartOf(exception.Failure), $"It {exception.Message}.");
        }
        catch (UpstreamErrorException exception)
        {
            return ProbeResult.Bad(time.GetElapsedTime(start), HealthPart.Protocol, $"It answered to tools/list with error {exception.Code}.");
        }
    }

    private static HealthPart PartOf(UpstreamFailure failure) => failure switch
    {
        UpstreamFailure.Unreachable => HealthPart.Reachable,
        UpstreamFailure.Unauthorized or UpstreamFailure.NeedsLogin => HealthPart.Credential,
        _ => HealthPart.Protocol,
    };

    // A process that hangs behind an open port is another thing to repair than a machine that is gone.
    private async Task<ProbeResult> ExplainSilenceAsync(UpstreamServer server, TimeSpan elapsed, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var silence = $"within {timeout.TotalSeconds:0.#} s";
        if (server.Url.Scheme is not ("http" or "https"))
        {
            return ProbeResult.Bad(elapsed, HealthPart.Protocol, $"It gave no answer {silence}.");
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ConnectPatience);
        var start = time.GetTimestamp();
        try
        {
            await (await guard.ConnectAsync(server.Url.IdnHost, server.Url.Port, patience.Token)).DisposeAsync();
            return ProbeResult.Bad(elapsed, HealthPart.Protocol, $"It accepts connections, but gave no answer {silence}.") with { ReachableIn = time.GetElapsedTime(start) };
        }
        catch (Exception exception) when (exception is SocketException or OutboundRefusedException or ArgumentException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return ProbeResult.Bad(elapsed, HealthPart.Reachable, $"It cannot be reached: it did not accept a connection {silence}.");
        }
    }
}
