namespace McpPlatform.AnalyticsService.Errors;

/// <summary>What went wrong in a range of time, by cause.</summary>
/// <param name="From">The beginning, inclusive.</param>
/// <param name="To">The end, exclusive.</param>
/// <param name="Requests">All requests, right and wrong.</param>
/// <param name="PendingMinutes">Minutes whose newest events are not counted yet: 0 except after an outage.</param>
/// <param name="Items">The most frequent first.</param>
internal sealed record ErrorsResponse(DateTimeOffset From, DateTimeOffset To, long Requests, int PendingMinutes, IReadOnlyList<ErrorCause> Items);

/// <summary>Requests that went wrong in one way.</summary>
/// <param name="Status">The HTTP status; 499 for requests that the client broke off.</param>
/// <param name="Error">The kind of error, where the Gateway knows more than the status.</param>
/// <param name="Service">Where the route leads to.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Route">The route; null for requests that matched none.</param>
/// <param name="Count">How many.</param>
/// <param name="Share">Of all requests of the range, 0 to 1.</param>
/// <param name="LastAt">When it happened last.</param>
/// <param name="Example">The last of them; null when its row is not kept any more.</param>
internal sealed record ErrorCause(
    int Status, string? Error, string? Service, string Method, string? Route, long Count, double Share, DateTimeOffset LastAt, ErrorExample? Example);

/// <summary>One request, to look for in the list of requests and in traces.</summary>
internal sealed record ErrorExample(Guid EventId, string Path, Guid? UserId, string? TraceId);
