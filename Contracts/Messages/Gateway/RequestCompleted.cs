namespace McpPlatform.Contracts.Messages;

/// <summary>One request through the Gateway, answered, refused or broken off.</summary>
public sealed record RequestCompleted : ITelemetryEvent
{
    /// <inheritdoc/>
    public required Guid EventId { get; init; }

    /// <summary>When the request arrived, in UTC.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>The HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>The route's name in the Gateway's configuration; null when no route matched.</summary>
    public string? Route { get; init; }

    /// <summary>The service that the route leads to, or <c>gateway</c> when it answered by itself; null of publishers that do not tell.</summary>
    public string? Service { get; init; }

    /// <summary>The path as it was asked for, without the query: queries carry secrets.</summary>
    public required string Path { get; init; }

    /// <summary>The HTTP status; 499 when the client went away first.</summary>
    public required int Status { get; init; }

    /// <summary>From the first byte read to the last byte written, in milliseconds.</summary>
    public required double DurationMs { get; init; }

    /// <summary>Bytes of the request's body; null when unknown.</summary>
    public long? RequestBytes { get; init; }

    /// <summary>Bytes of the response's body.</summary>
    public long? ResponseBytes { get; init; }

    /// <summary>The client's address as the Gateway saw it.</summary>
    public string? ClientIp { get; init; }

    /// <summary>The <c>User-Agent</c> header, cut at 512 characters.</summary>
    public string? UserAgent { get; init; }

    /// <summary>Who, when the request carried a valid token.</summary>
    public Guid? UserId { get; init; }

    /// <summary>The user's name at the time.</summary>
    public string? Username { get; init; }

    /// <summary>The kind of error, when there was one: never its message.</summary>
    public string? Error { get; init; }

    /// <summary>The W3C trace id, 32 hex digits.</summary>
    public string? TraceId { get; init; }
}

/// <summary>Carries <see cref="RequestCompleted"/> events.</summary>
/// <param name="Events">The events, oldest first.</param>
public sealed record RequestCompletedBatch(IReadOnlyList<RequestCompleted> Events) : ITelemetryBatch<RequestCompleted>;
