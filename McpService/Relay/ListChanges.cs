using System.Collections.Concurrent;
using System.Threading.Channels;
using McpPlatform.McpService.Catalogue;
using ModelContextProtocol.Protocol;

namespace McpPlatform.McpService.Relay;

/// <summary>Tells who listens to an endpoint that its lists have changed, because the registry has: a server, a tool, a bundle.</summary>
internal sealed class ListChanges : IRegistryObserver
{
    private readonly ConcurrentDictionary<Guid, (string? Bundle, Channel<string> Channel)> listeners = new();

    /// <summary>The notifications for an endpoint, until cancelled. Who is slow hears each once.</summary>
    public async IAsyncEnumerable<string> FollowAsync(string? bundle, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7();
        var channel = Channel.CreateBounded<string>(new BoundedChannelOptions(8) { FullMode = BoundedChannelFullMode.DropNewest });
        listeners[id] = (bundle, channel);
        try
        {
            await foreach (var notification in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return notification;
            }
        }
        finally
        {
            listeners.TryRemove(id, out _);
        }
    }

    public void RegistryChanged(RegistrySnapshot before, RegistrySnapshot after)
    {
        foreach (var group in listeners.Values.GroupBy(listener => listener.Bundle, StringComparer.Ordinal))
        {
            var (old, now) = (before.Find(group.Key), after.Find(group.Key));
            var haveServersChanged = !Servers(old).SequenceEqual(Servers(now));
            var haveToolsChanged = haveServersChanged || !Tools(old).SequenceEqual(Tools(now));
            foreach (var (_, channel) in group)
            {
                if (haveToolsChanged)
                {
                    channel.Writer.TryWrite(NotificationMethods.ToolListChangedNotification);
                }

                if (haveServersChanged)
                {
                    channel.Writer.TryWrite(NotificationMethods.PromptListChangedNotification);
                    channel.Writer.TryWrite(NotificationMethods.ResourceListChangedNotification);
                }
            }
        }
    }

    private static IEnumerable<Upstream.UpstreamServer> Servers(EndpointScope? scope) => scope?.Members.Select(member => member.Server.Upstream) ?? [];

    private static IEnumerable<(string, string)> Tools(EndpointScope? scope) =>
        scope?.Members.SelectMany(member => member.Server.Tools.Values.Where(tool => member.Has(tool.Name)).OrderBy(tool => tool.Name, StringComparer.Ordinal).Select(tool => (tool.Name, tool.Definition))) ?? [];
}
