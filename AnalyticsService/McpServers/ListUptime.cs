using McpPlatform.AnalyticsService.Rollups;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AnalyticsService.McpServers;

/// <summary>How reliable the MCP servers were in a range of time.</summary>
/// <param name="From">The beginning, inclusive.</param>
/// <param name="To">The end, exclusive.</param>
/// <param name="PendingMinutes">Minutes whose newest checks are not counted yet: 0 except after an outage.</param>
/// <param name="Items">By name.</param>
internal sealed record UptimeResponse(DateTimeOffset From, DateTimeOffset To, int PendingMinutes, IReadOnlyList<ServerUptime> Items);

/// <summary>One server. Latencies are those of its checks, in milliseconds, within 1 %.</summary>
/// <param name="ServerId">Which one.</param>
/// <param name="ServerName">Its name at the last check; null when nothing of it is kept.</param>
/// <param name="Checks">How often it was checked.</param>
/// <param name="Uptime">The share of checks that did not find it unhealthy, 0 to 1.</param>
/// <param name="Degraded">Checks that found it degraded.</param>
/// <param name="Unhealthy">Checks that found it unhealthy.</param>
/// <param name="LastAt">The last check.</param>
internal sealed record ServerUptime(
    Guid ServerId, string? ServerName, long Checks, double Uptime, long Degraded, long Unhealthy, double? P50Ms, double? P95Ms, double? P99Ms, DateTimeOffset? LastAt);

internal static class ListUptime
{
    private const int Most = 500;

    public static async Task<Results<Ok<UptimeResponse>, ValidationProblem>> HandleAsync(
        RollupReader reader, TimeProvider time, [AsParameters] FiguresRange asked, CancellationToken cancellationToken)
    {
        if (!asked.TryRead(time.GetUtcNow(), out var range, out var problem))
        {
            return problem;
        }

        var (source, server) = (RollupSources.ServerChecks, RollupSources.ServerChecks.Dimension("server"));
        range = range.Within(reader.KeptFrom(source));
        await using var session = await reader.OpenAsync(cancellationToken);
        var servers = await session.TopAsync(source, server, range, "count", Most, null, cancellationToken);
        var figures = await session.ReadAsync(source, server, [range], servers, spread: true, cancellationToken);
        var names = await Labels.OfServersAsync(session, servers, cancellationToken);
        var items = servers.Select(id => One(id, names.GetValueOrDefault(id), figures[(0, id)])).OrderBy(item => item.ServerName, StringComparer.Ordinal).ThenBy(item => item.ServerId);
        return TypedResults.Ok(new UptimeResponse(range.Start, range.End, session.PendingMinutes, [.. items]));
    }

    private static ServerUptime One(string id, string? name, Rollup figures) => new(
        Guid.Parse(id), name, figures.Count, 1 - figures.FailedShare, figures.Refused, figures.Failed,
        figures.Values.Percentile(0.5), figures.Values.Percentile(0.95), figures.Values.Percentile(0.99), figures.LastAt);
}
