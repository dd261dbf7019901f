using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// Finds out which era a server speaks and opens a leg: <c>server/discover</c> first, and what does not know it is asked to <c>initialize</c>.
/// </summary>
internal sealed class UpstreamConnector(UpstreamHttp http)
{
    private static readonly TimeSpan DiscoverTimeout = TimeSpan.FromSeconds(5);
    private static readonly string[] LegacyVersions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

    public async Task<IUpstreamLeg> ConnectAsync(Uri url, CancellationToken cancellationToken) =>
        (IUpstreamLeg?)await TryDiscoverAsync(url, cancellationToken) ?? await InitializeAsync(url, cancellationToken);

    private async Task<ModernHttpLeg?> TryDiscoverAsync(Uri url, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(DiscoverTimeout);
        try
        {
            var request = new JsonRpcRequest { Id = new RequestId(0), Method = "server/discover", Params = ModernHttpLeg.AddMeta([]) };
            var (result, _) = await http.RequestAsync(new UpstreamEndpoint(url), request, timeout.Token);
            return result["supportedVersions"] is JsonArray versions && versions.Any(version => IsText(version, ModernHttpLeg.Version))
                ? new ModernHttpLeg(http, url, HasTools(result))
                : null;
        }
        catch (UpstreamErrorException)
        {
            return null;
        }
        catch (UpstreamException exception) when (exception.Failure == UpstreamFailure.BadAnswer)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A server that is silent about what it does not know may still answer to what it knows.
            return null;
        }
    }

    private async Task<LegacyHttpLeg> InitializeAsync(Uri url, CancellationToken cancellationToken)
    {
        var request = new JsonRpcRequest
        {
            Id = new RequestId(0),
            Method = RequestMethods.Initialize,
            Params = new JsonObject { ["protocolVersion"] = LegacyVersions[0], ["capabilities"] = new JsonObject(), ["clientInfo"] = ClientInfo.Create() },
        };
        try
        {
            var (result, sessionId) = await http.RequestAsync(new UpstreamEndpoint(url), request, cancellationToken);
            var version = LegacyVersions.FirstOrDefault(version => IsText(result["protocolVersion"], version))
                ?? throw new UpstreamException(
                    UpstreamFailure.BadAnswer,
                    $"speaks no revision of MCP that is known here, which are {ModernHttpLeg.Version} and {string.Join(", ", LegacyVersions)}");
            var endpoint = new UpstreamEndpoint(url, sessionId, version);
            await http.NotifyAsync(endpoint, new JsonRpcNotification { Method = NotificationMethods.InitializedNotification }, cancellationToken);
            return new LegacyHttpLeg(http, endpoint, HasTools(result));
        }
        catch (UpstreamErrorException exception)
        {
            throw new UpstreamException(UpstreamFailure.BadAnswer, $"refused to open a session (error {exception.Code})", exception);
        }
        catch (UpstreamSessionLostException exception)
        {
            throw new UpstreamException(UpstreamFailure.BadAnswer, "forgot its session at once", exception);
        }
    }

    private static bool HasTools(JsonObject result) => result["capabilities"] is JsonObject capabilities && capabilities.ContainsKey("tools");

    private static bool IsText(JsonNode? node, string text) => node is JsonValue value && value.TryGetValue(out string? found) && found == text;
}
