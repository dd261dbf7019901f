using McpPlatform.McpService.Tools;
using McpPlatform.McpService.Upstream;

namespace McpPlatform.McpService.Health;

/// <summary>Looks at one server the way calls do: over its kept session, by listing its tools. HTTP 200 alone proves nothing.</summary>
internal sealed class ServerProbe(UpstreamSessions sessions, ToolCatalogue catalogue, TimeProvider time)
{
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
            var count = hasTools ? (await catalogue.RefreshAsync(server, stop.Token)).Count : 0;
            return new(time.GetElapsedTime(start), count, version, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(time.GetElapsedTime(start), null, null, $"It gave no answer within {timeout.TotalSeconds:0.#} s.");
        }
        catch (UpstreamException exception)
        {
            return new(time.GetElapsedTime(start), null, null, $"It {exception.Message}.");
        }
        catch (UpstreamErrorException exception)
        {
            return new(time.GetElapsedTime(start), null, null, $"It answered to tools/list with error {exception.Code}.");
        }
    }
}
