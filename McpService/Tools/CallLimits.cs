using System.Diagnostics.CodeAnalysis;
using McpPlatform.McpService.Upstream;
using Microsoft.Extensions.Options;

namespace McpPlatform.McpService.Tools;

/// <summary>How many calls run at a time in this replica: one slow server or one busy user does not take all of it.</summary>
internal sealed class CallLimits(IOptions<UpstreamOptions> options)
{
    private readonly Dictionary<Guid, int> running = [];
    private readonly Lock gate = new();

    /// <summary>Begins a call, or says why not now.</summary>
    public bool TryBegin(Guid server, Guid user, [NotNullWhen(true)] out IDisposable? call, [NotNullWhen(false)] out string? sentence)
    {
        lock (gate)
        {
            var (ofServer, ofUser) = (running.GetValueOrDefault(server), running.GetValueOrDefault(user));
            sentence = ofServer >= options.Value.MaxCallsPerServer ? $"{ofServer} calls of this MCP server are running, which is the most at a time: try again shortly."
                : ofUser >= options.Value.MaxCallsPerUser ? $"{ofUser} of your tool calls are running, which is the most at a time: wait for one to end."
                : null;
            call = null;
            if (sentence is null)
            {
                running[server] = ofServer + 1;
                running[user] = ofUser + 1;
                call = new Running(this, server, user);
            }

            return call is not null;
        }
    }

    private void End(Guid key)
    {
        if (--running[key] == 0)
        {
            running.Remove(key);
        }
    }

    private sealed class Running(CallLimits limits, Guid server, Guid user) : IDisposable
    {
        public void Dispose()
        {
            lock (limits.gate)
            {
                limits.End(server);
                limits.End(user);
            }
        }
    }
}
