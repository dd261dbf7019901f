using McpPlatform.McpService.Credentials.OAuth;

namespace McpPlatform.McpService.Upstream;

/// <summary>The server that is spoken to.</summary>
/// <param name="Id">Its id in the registry.</param>
/// <param name="Name">Its name, for sentences and telemetry.</param>
/// <param name="Url">Its MCP endpoint.</param>
/// <param name="IsSse">Whether it speaks HTTP with SSE, the transport of 2024-11-05.</param>
internal sealed record UpstreamServer(Guid Id, string Name, Uri Url, bool IsSse = false)
{
    /// <summary>Conversations from before end: a credential was stored or removed, or somebody disconnected it.</summary>
    public DateTimeOffset? SessionsSince { get; init; }

    /// <summary>How access tokens for it are got; null when none are.</summary>
    public UpstreamAuth? Auth { get; init; }

    /// <summary>Whether each user has to store a credential, or to log in.</summary>
    public bool NeedsUsersCredential { get; init; }
}
