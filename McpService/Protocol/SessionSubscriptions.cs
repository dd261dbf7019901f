using System.Text.Json.Nodes;
using McpPlatform.Contracts.Identity;
using McpPlatform.McpService.Catalogue;
using McpPlatform.McpService.Relay;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Protocol;

/// <summary>Subscriptions to resources of clients with sessions, at servers of either era.</summary>
internal sealed class SessionSubscriptions(UpstreamSessions sessions, ItemRelay items, Registry registry, IOptions<UpstreamOptions> options)
{
    public async Task<RelayAnswer> SubscribeAsync(ClientSession session, RelayCall call, CancellationToken cancellationToken)
    {
        if (await FindAsync(call, cancellationToken) is not { } item || call.Scope.Find(item.Server) is not { } member)
        {
            return RelayAnswer.Fail(RelayError.LegacyResourceNotFound, "There is no such resource, or none that you may read.", new JsonObject { ["uri"] = call.Parameters["uri"]?.DeepClone() });
        }

        try
        {
            var (isModern, error) = await sessions.UseAsync(member.Server.Upstream, call.Owner, async leg => (leg.IsModern, leg.IsModern ? null : await ToldAsync(leg, RequestMethods.ResourcesSubscribe, item.Name, cancellationToken)), cancellationToken);
            if (error is not null)
            {
                return new(null, error);
            }

            var wanted = new JsonObject { ["resourceSubscriptions"] = new JsonArray(item.Name) };
            session.TrySubscribe(item.Server, item.Name, stop => FollowAsync(session, call, member, item, wanted, stop));
            return new([]);
        }
        catch (UpstreamException exception)
        {
            return RelayAnswer.Fail(RelayError.InternalError, $"The MCP server '{item.Server}' {exception.Message}.");
        }
    }

    public async Task<RelayAnswer> UnsubscribeAsync(ClientSession session, RelayCall call, CancellationToken cancellationToken)
    {
        if (await FindAsync(call, cancellationToken) is not { } item || call.Scope.Find(item.Server) is not { } member)
        {
            return new([]);
        }

        await session.UnsubscribeAsync(item.Server, item.Name);
        try
        {
            return await sessions.UseAsync(member.Server.Upstream, call.Owner, async leg => leg.IsModern ? null : await ToldAsync(leg, RequestMethods.ResourcesUnsubscribe, item.Name, cancellationToken), cancellationToken)
                is { } error ? new(null, error) : new([]);
        }
        catch (UpstreamException)
        {
            // A server that is away has forgotten the subscription.
            return new([]);
        }
    }

    private async Task<ServerItem?> FindAsync(RelayCall call, CancellationToken cancellationToken) =>
        call.Parameters["uri"] is JsonValue value && value.TryGetValue(out string? uri) && await items.FindResourceAsync(call, uri, cancellationToken) is { } item
        && call.Caller.Access().Decide(Permissions.McpToolsCall, Resources.Resource(item.Server, item.Name)).Allowed ? item : null;

    private static async Task<RelayError?> ToldAsync(IUpstreamLeg leg, string method, string uri, CancellationToken cancellationToken) =>
        RelayAnswer.Of(await leg.ExchangeAsync(new UpstreamCall(method, new JsonObject { ["uri"] = uri }), NobodyAsks.Instance, cancellationToken)).Error;

    // Again and again: a server that was restarted is followed when it is back, and is told again what to say. The session with it stays open meanwhile.
    private async Task FollowAsync(ClientSession session, RelayCall call, ScopeMember member, ServerItem item, JsonObject wanted, CancellationToken cancellationToken)
    {
        var ear = new SessionEar(session, registry, item.Server);
        IUpstreamLeg? told = null;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    await sessions.UseAsync(member.Server.Upstream, call.Owner, async leg =>
                    {
                        if (leg.IsModern)
                        {
                            await leg.ListenAsync(wanted, ear, cancellationToken);
                            return true;
                        }

                        if (told is not null && told != leg)
                        {
                            await ToldAsync(leg, RequestMethods.ResourcesSubscribe, item.Name, cancellationToken);
                        }

                        told = leg;
                        await session.StreamOf(member.Server.Upstream, leg).WaitAsync(cancellationToken);
                        return true;
                    }, cancellationToken);
                }
                catch (Exception exception) when (UpstreamExceptions.IsOurs(exception))
                {
                    // It is away.
                }

                await Task.Delay(options.Value.ListTimeout, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The subscription, or the session, has ended.
        }
    }
}
