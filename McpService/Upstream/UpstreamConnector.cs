using System.Text.Json.Nodes;
using McpPlatform.McpService.BuiltIn;
using McpPlatform.McpService.Credentials;
using McpPlatform.McpService.Credentials.OAuth;
using McpPlatform.McpService.Servers;
using McpPlatform.McpService.Upstream.Stdio;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Upstream;

/// <summary>
/// Finds out which era a server speaks and opens a leg: <c>server/discover</c> first, and what does not know it is asked to <c>initialize</c>.
/// </summary>
internal sealed class UpstreamConnector(UpstreamHttp http, StdioProcesses processes, UpstreamCredentials credentials, UpstreamTokens tokens, BuiltInServers builtIn, IServiceProvider services)
{
    private static readonly TimeSpan DiscoverTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Opens a leg.</summary>
    /// <param name="server">The server.</param>
    /// <param name="owner">Whom the leg is for.</param>
    /// <param name="modern">The era that it spoke when it was last met; null when it never was.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IUpstreamLeg> ConnectAsync(UpstreamServer server, SessionOwner owner, bool? modern, CancellationToken cancellationToken)
    {
        if (server.Url.Scheme == Transports.BuiltIn)
        {
            return await OpenBuiltInAsync(server, cancellationToken);
        }

        if (server.Url.Scheme == Transports.Stdio)
        {
            var process = await processes.StartAsync(server);
            return await ChannelLeg.OpenAsync(process, owner, modern, () => process.HowItEnded, cancellationToken);
        }

        var endpoint = new UpstreamEndpoint(server.Url)
        {
            Credential = await credentials.HeadersAsync(server, owner.User, cancellationToken),
            Bearer = server.Auth is null ? null : token => (refused, stop) => tokens.GetAsync(server, new(owner.User, token), refused, stop),
            CallersToken = owner.AccessToken,
        };
        if (server.IsSse)
        {
            // The transport is older than discovery.
            var stream = await http.OpenStreamAsync(endpoint, cancellationToken);
            return await ChannelLeg.OpenAsync(stream, owner, modern: false, () => stream.HowItEnded, cancellationToken);
        }

        return modern == false
            ? await InitializeAsync(endpoint, owner.Capabilities, cancellationToken)
            : (IUpstreamLeg?)await TryDiscoverAsync(endpoint, cancellationToken) ?? await InitializeAsync(endpoint, owner.Capabilities, cancellationToken);
    }

    private async Task<IUpstreamLeg> OpenBuiltInAsync(UpstreamServer server, CancellationToken cancellationToken) =>
        builtIn.Find(server.Url.AbsolutePath) is { } found
            ? await InProcessLeg.OpenAsync(call => found.CreateOptions(new(call.Caller?.User ?? Guid.Empty, call.Caller?.AccessToken)), services, cancellationToken)
            : throw new UpstreamException(UpstreamFailure.Unreachable, "is built in and not configured: an operator can set it up");

    private async Task<ModernHttpLeg?> TryDiscoverAsync(UpstreamEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(DiscoverTimeout);
        try
        {
            var request = new JsonRpcRequest { Id = new RequestId(0), Method = "server/discover", Params = ModernMeta.AddTo([]) };
            var (reply, _) = await http.ExchangeAsync(endpoint, request, NobodyAsks.Instance, timeout.Token);
            return reply is JsonRpcResponse { Result: JsonObject result } && Handshake.Offers(result, ProtocolVersions.Modern)
                ? new ModernHttpLeg(http, endpoint, UpstreamProfile.Of(result))
                : null;
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

    private async Task<LegacyHttpLeg> InitializeAsync(UpstreamEndpoint endpoint, JsonObject capabilities, CancellationToken cancellationToken)
    {
        var request = new JsonRpcRequest { Id = new RequestId(0), Method = RequestMethods.Initialize, Params = Handshake.Initialize(capabilities) };
        try
        {
            var (reply, sessionId) = await http.ExchangeAsync(endpoint, request, NobodyAsks.Instance, cancellationToken);
            var (version, profile) = Handshake.Read(reply);
            endpoint = endpoint with { SessionId = sessionId, ProtocolVersion = version };
            await http.NotifyAsync(endpoint, new JsonRpcNotification { Method = NotificationMethods.InitializedNotification }, cancellationToken);
            return new LegacyHttpLeg(http, endpoint, profile);
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
}

/// <summary>The first words with a server, in either era.</summary>
internal static class Handshake
{
    public static JsonObject Initialize(JsonObject capabilities) => new()
    {
        ["protocolVersion"] = ProtocolVersions.NewestWithSessions, ["capabilities"] = capabilities.DeepClone(), ["clientInfo"] = ClientInfo.Create(),
    };

    /// <summary>Reads the reply to <c>initialize</c>.</summary>
    /// <exception cref="UpstreamException">It is a revision that is not known here.</exception>
    /// <exception cref="UpstreamErrorException">The server refused.</exception>
    public static (string Version, UpstreamProfile Profile) Read(JsonRpcMessage reply)
    {
        var result = UpstreamLegExtensions.AsResult(reply);
        var version = ProtocolVersions.WithSessions.FirstOrDefault(version => IsText(result["protocolVersion"], version))
            ?? throw new UpstreamException(
                UpstreamFailure.BadAnswer,
                $"speaks no revision of MCP that is known here, which are {ProtocolVersions.Modern} and {string.Join(", ", ProtocolVersions.WithSessions)}");
        return (version, UpstreamProfile.Of(result));
    }

    /// <summary>Whether an answer to <c>server/discover</c> offers a revision.</summary>
    public static bool Offers(JsonObject result, string version) => result["supportedVersions"] is JsonArray versions && versions.Any(offered => IsText(offered, version));

    private static bool IsText(JsonNode? node, string text) => node is JsonValue value && value.TryGetValue(out string? found) && found == text;
}
