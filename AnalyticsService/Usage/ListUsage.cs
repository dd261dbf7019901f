using System.ComponentModel;
using McpPlatform.AnalyticsService.Rollups;
using McpPlatform.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace McpPlatform.AnalyticsService.Usage;

/// <summary>How much each tool, or each user, was used.</summary>
internal static class ListUsage
{
    private const int Most = 500, Default = 50;

    // What may be asked for, and the column that it is.
    private static readonly Dictionary<string, string> Orders = new(StringComparer.Ordinal) { ["calls"] = "count", ["failed"] = "failed", ["denied"] = "refused" };

    public static async Task<Results<Ok<UsageResponse<ToolUsage>>, ValidationProblem>> ToolsAsync(
        RollupReader reader, TimeProvider time, [AsParameters] FiguresRange asked, CancellationToken cancellationToken,
        [Description("Only the tools of the server of this name.")] string? server = null,
        [Description("calls, failed or denied: the most of it first; calls when nothing is said.")] string? order = null,
        [Description("How many at most, from 1 to 500; 50 when nothing is said.")] int? limit = null)
    {
        if (!TryRead(asked, time, order, limit, out var range, out var problem))
        {
            return problem!;
        }

        var (source, tool) = (RollupSources.ToolCalls, RollupSources.ToolCalls.Dimension("tool"));
        range = range.Within(reader.KeptFrom(source));
        await using var session = await reader.OpenAsync(cancellationToken);
        var tools = await session.TopAsync(source, tool, range, Orders[order ?? "calls"], limit ?? Default, server is null ? null : $"{server}/", cancellationToken);
        var figures = await session.ReadAsync(source, tool, [range], tools, spread: true, cancellationToken);
        return TypedResults.Ok(new UsageResponse<ToolUsage>(
            range.Start, range.End, session.PendingMinutes, [.. tools.Select(name => Tool(name, figures[(0, name)]))]));
    }

    public static async Task<Results<Ok<UsageResponse<UserUsage>>, ValidationProblem>> UsersAsync(
        RollupReader reader, TimeProvider time, [AsParameters] FiguresRange asked, CancellationToken cancellationToken,
        [Description("calls, failed or denied: the most of it first, of requests; calls when nothing is said.")] string? order = null,
        [Description("How many at most, from 1 to 500; 50 when nothing is said.")] int? limit = null)
    {
        if (!TryRead(asked, time, order, limit, out var range, out var problem))
        {
            return problem!;
        }

        range = range.Within(reader.KeptFrom(RollupSources.Requests));
        await using var session = await reader.OpenAsync(cancellationToken);
        var users = await session.TopAsync(RollupSources.Requests, RollupSources.Requests.Dimension("user"), range, Orders[order ?? "calls"], limit ?? Default, null, cancellationToken);
        var requests = await session.ReadAsync(RollupSources.Requests, RollupSources.Requests.Dimension("user"), [range], users, spread: true, cancellationToken);
        var calls = await session.ReadAsync(RollupSources.ToolCalls, RollupSources.ToolCalls.Dimension("user"), [range], users, spread: false, cancellationToken);
        var names = await Labels.OfUsersAsync(session, users, cancellationToken);
        return TypedResults.Ok(new UsageResponse<UserUsage>(
            range.Start, range.End, session.PendingMinutes,
            [.. users.Select(user => User(user, names.GetValueOrDefault(user), requests[(0, user)], calls.GetValueOrDefault((0, user), new Rollup())))]));
    }

    private static bool TryRead(FiguresRange asked, TimeProvider time, string? order, int? limit, out TimeRange range, out ValidationProblem? problem)
    {
        if (asked.TryRead(time.GetUtcNow(), out range, out problem))
        {
            problem = order is not null && !Orders.ContainsKey(order) ? ProblemExtensions.Invalid("order", "order must be calls, failed or denied.")
                : limit is < 1 or > Most ? ProblemExtensions.Invalid("limit", "limit must be from 1 to 500.")
                : null;
        }

        return problem is null;
    }

    private static ToolUsage Tool(string name, Rollup figures) => new(
        name, name.Split('/', 2)[0], figures.Count, figures.Refused, figures.Failed, figures.FailedShare,
        figures.Values.Percentile(0.5), figures.Values.Percentile(0.95), figures.Values.Percentile(0.99), figures.LastAt);

    private static UserUsage User(string id, string? name, Rollup requests, Rollup calls) => new(
        Guid.Parse(id), name, requests.Count, requests.Refused, requests.Failed, requests.Values.Percentile(0.95), calls.Count, calls.Refused, calls.Failed, requests.LastAt);
}
