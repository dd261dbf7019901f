namespace McpPlatform.McpService.Upstream;

/// <summary>The server that is spoken to.</summary>
/// <param name="Id">Its id in the registry.</param>
/// <param name="Name">Its name, for sentences and telemetry.</param>
/// <param name="Url">Its MCP endpoint.</param>
internal sealed record UpstreamServer(Guid Id, string Name, Uri Url)
{
    /// <summary>When a credential for it was last stored or removed: conversations from before end.</summary>
    public DateTimeOffset? CredentialsChangedAt { get; init; }

    /// <summary>Whether each user has to store a credential.</summary>
    public bool NeedsUsersCredential { get; init; }
}
