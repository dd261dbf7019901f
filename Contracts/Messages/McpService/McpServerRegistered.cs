namespace McpPlatform.Contracts.Messages;

/// <summary>An MCP server is in the registry.</summary>
public sealed record McpServerRegistered : IFact
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <inheritdoc/>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The server's id in the registry.</summary>
    public required Guid ServerId { get; init; }

    /// <summary>Its name, unique in the registry.</summary>
    public required string Name { get; init; }

    /// <summary><c>http</c>, <c>sse</c> or <c>stdio</c>.</summary>
    public required string Transport { get; init; }
}
