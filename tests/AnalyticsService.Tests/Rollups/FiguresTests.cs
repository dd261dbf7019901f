using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.AnalyticsService.Rollups;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using Npgsql;

namespace McpPlatform.AnalyticsService.Tests.Rollups;

/// <summary>What the API says equals what SQL says of the rows, whatever is rolled up of them at that moment and whatever comes late.</summary>
[Collection(AnalyticsServiceCollection.Name)]
public sealed class FiguresTests(AnalyticsServiceApplication app)
{
    private const string Api = AnalyticsApi.Route;
    private static readonly string[] Routes = ["users", "mcp", "login"], Services = ["userservice", "mcpservice", "authservice"], Tools = ["one/echo", "one/add", "two/echo", "two/slow"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Figures_are_those_of_the_rows(int seed)
    {
        var random = new Random(seed);
        var users = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7()).ToArray();
        var servers = Enumerable.Range(0, 3).Select(_ => Guid.CreateVersion7()).ToArray();
        var now = DateTimeOffset.UtcNow;

        // Round by round more of the same time, some of it twice: late for what was rolled up in between.
        for (var round = 0; round < 3; round++)
        {
            // What came in the second round is not rolled up before it is asked for: it lies in a few minutes, which are read from rows.
            var minutes = round == 1 ? Enumerable.Range(0, 40).Select(_ => random.Next(10 * 1440)).ToArray() : null;
            await PublishAsync(random, users, servers, now, minutes);
            if (minutes is null)
            {
                await app.RollUpAsync();
            }

            foreach (var _ in Enumerable.Range(0, 4))
            {
                var to = now.AddSeconds(-random.Next(40_000)).AddTicks(-random.Next(1000) * 10);
                await CompareAsync(to.AddMinutes(-random.Next(1, 14_000)), to);
            }
        }

        Assert.True(await app.ScalarAsync<long>("SELECT count(*) FROM analytics.rollups WHERE grain = 2 AND source = 'requests'") > 0);
        Assert.True(await app.ScalarAsync<long>("SELECT count(*) FROM analytics.rollups WHERE grain = 1 AND source = 'tool_calls'") > 0);
    }

    [Fact]
    public async Task Steps_are_days_of_the_time_zone()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var route = $"zone-{Guid.CreateVersion7():N}";

        // New York left summer time on 1 November 2026, at 06:00 UTC: that day has 25 hours.
        var now = DateTimeOffset.UtcNow;
        var zone = TimeZoneInfo.FindSystemTimeZoneById("America/New_York");
        var midnight = TimeZoneInfo.ConvertTime(now, zone).Date.AddDays(-3);
        var start = new DateTimeOffset(midnight, zone.GetUtcOffset(midnight));
        RequestCompleted[] requests = [.. new[] { -1, 1, 2, (24 * 3600) - 1 }.Select(second => Sample.Request(start.AddSeconds(second)) with { Route = route })];
        await app.PublishAsync(new RequestCompletedBatch(requests));
        Assert.Equal(4, await app.CountAsync("request_logs", requests.Select(x => x.EventId), 4));
        await app.RollUpAsync();

        var answer = await client.GetFromJsonAsync<JsonElement>(
            $"{Api}/timeseries?bucket=1d&time_zone=America/New_York&group_by=route&group={route}&from={Time(start.AddHours(-5))}&to={Time(start.AddDays(1))}");

        var points = answer.GetProperty("series")[0].GetProperty("points").EnumerateArray().Select(point => (point.GetProperty("at").GetDateTimeOffset(), point.Number("value"))).ToList();
        Assert.Equal([(start.AddDays(-1), 1), (start, 3)], points);
    }

    [Fact]
    public async Task An_answer_that_did_not_change_is_not_sent_again()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var address = $"{Api}/timeseries?from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z";

        using var first = await client.GetAsync(address);
        using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        using var second = await client.SendAsync(request);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotModified), (first.StatusCode, second.StatusCode));
        Assert.Equal("private, no-cache", first.Headers.CacheControl!.ToString().Replace("no-cache, private", "private, no-cache", StringComparison.Ordinal));
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Rows_that_were_stored_before_there_were_rollups_are_counted()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var route = $"old-{Guid.CreateVersion7():N}";
        var at = DateTimeOffset.UtcNow.AddDays(-24);
        var request = Sample.Request(at) with { Route = route };
        await app.PublishAsync(new RequestCompletedBatch([request]));
        Assert.Equal(1, await app.CountAsync("request_logs", [request.EventId], 1));
        await app.RollUpAsync();

        // So long ago no minutes are kept: the hour came from rows, and says the same when its edges are cut.
        Assert.Equal(0, await app.ScalarAsync<long>("SELECT count(*) FROM analytics.rollups WHERE grain = 0 AND value = $1", route));
        Assert.Equal(1, await app.ScalarAsync<long>("SELECT count FROM analytics.rollups WHERE grain = 1 AND value = $1", route));
        foreach (var (from, to, expected) in new[] { (at.AddHours(-3), at.AddHours(3), 1), (at.AddSeconds(-1), at.AddSeconds(1), 1), (at.AddSeconds(1), at.AddHours(2), 0) })
        {
            var answer = await client.GetFromJsonAsync<JsonElement>($"{Api}/timeseries?bucket=7d&group_by=route&group={route}&from={Time(from)}&to={Time(to)}");
            Assert.Equal(await app.ScalarAsync<long>("SELECT count(*) FROM analytics.request_logs WHERE route = $1 AND occurred_at < $2", route, to.UtcDateTime), answer.GetProperty("series")[0].Number("total"));
            Assert.Equal(expected, (int)(await SummaryOfAsync(client, route, from, to)));
        }
    }

    [Fact]
    public async Task Two_replicas_count_each_event_once()
    {
        var (replica, other) = app.StartReplica();
        await using var running = replica;
        using var client = other;
        var route = $"twice-{Guid.CreateVersion7():N}";
        var at = DateTimeOffset.UtcNow.AddHours(-5);
        var requests = Enumerable.Range(0, 300).Select(number => Sample.Request(at.AddSeconds(number)) with { Route = route }).ToList();
        foreach (var some in requests.Chunk(30))
        {
            await Task.WhenAll(app.PublishAsync(new RequestCompletedBatch([.. some])), app.PublishAsync(new RequestCompletedBatch([.. some.Take(7)])), app.Service<KeepRollups>().RunAsync(CancellationToken.None));
        }

        Assert.Equal(300, await app.CountAsync("request_logs", requests.Select(x => x.EventId), 300));
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await app.RollUpAsync();
            Assert.Equal(300, (int)await SummaryOfAsync(client, route, at.AddMinutes(-1), at.AddHours(1)));
        }
    }

    private static string Time(DateTimeOffset time) => Uri.EscapeDataString(time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture));

    private static async Task<double> SummaryOfAsync(HttpClient client, string route, DateTimeOffset from, DateTimeOffset to)
    {
        var summary = await client.GetFromJsonAsync<JsonElement>($"{Api}/summary?from={Time(from)}&to={Time(to)}");
        var endpoint = summary.GetProperty("top_endpoints").EnumerateArray().Where(one => one.Text("route") == route).ToList();
        return endpoint.Count == 0 ? 0 : endpoint[0].Number("requests");
    }

    private static T Any<T>(Random random, IReadOnlyList<T> values) => values[random.Next(values.Count)];

    private async Task PublishAsync(Random random, Guid[] users, Guid[] servers, DateTimeOffset now, int[]? minutes)
    {
        // Within ten days, most of it within the last two days; durations over five magnitudes.
        DateTimeOffset At() => minutes is null
            ? now.AddSeconds(-random.Next(random.Next(3) == 0 ? 10 * 86_400 : 2 * 86_400))
            : Grain.Minute.Floor(now).AddMinutes(-Any(random, minutes)).AddTicks(random.Next(60) * TimeSpan.TicksPerSecond);
        double Duration() => Math.Exp((random.NextDouble() * 11) - 3);
        var requests = Enumerable.Range(0, 400).Select(_ => random.Next(Routes.Length)).Select(route => Sample.Request(At()) with
        {
            Route = Routes[route], Service = Services[route], Method = random.Next(2) == 0 ? "GET" : "POST", Status = Any(random, [200, 201, 304, 401, 404, 499, 500, 502]), DurationMs = Duration(),
            Error = random.Next(5) == 0 ? "broken" : null, UserId = random.Next(4) == 0 ? null : Any(random, users), RequestBytes = random.Next(9999), ResponseBytes = random.Next(9999),
        }).ToList();
        var calls = Enumerable.Range(0, 150).Select(_ => Sample.Activity(At()) with
        {
            Target = Any(random, Tools), Outcome = Any(random, [ActivityOutcomes.Succeeded, ActivityOutcomes.Succeeded, ActivityOutcomes.Denied, ActivityOutcomes.Failed]),
            UserId = Any(random, users), DurationMs = random.Next(5) == 0 ? null : Duration(), Action = random.Next(4) == 0 ? "auth.login" : "mcp.tools.call",
        }).ToList();
        var checks = Enumerable.Range(0, 100).Select(_ => Sample.Check(At()) with { ServerId = Any(random, servers), Status = Any(random, ["healthy", "degraded", "unhealthy"]), LatencyMs = Duration() }).ToList();
        await app.PublishAsync(new RequestCompletedBatch(requests));
        await app.PublishAsync(new RequestCompletedBatch([.. requests.Take(50)]));
        await app.PublishAsync(new ActivitiesRecorded { EventId = Guid.CreateVersion7(), OccurredAt = now, Activities = [.. calls, .. calls.Take(3)] });
        await app.PublishAsync(new McpServerCheckedBatch(checks));
        Assert.Equal(requests.Count, await app.CountAsync("request_logs", requests.Select(x => x.EventId), requests.Count));
        Assert.Equal(calls.Count, await app.CountAsync("user_activities", calls.Select(x => x.EventId), calls.Count));
        Assert.Equal(checks.Count, await app.CountAsync("mcp_server_status", checks.Select(x => x.EventId), checks.Count));
    }

    private async Task CompareAsync(DateTimeOffset from, DateTimeOffset to)
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var range = $"from={Time(from)}&to={Time(to)}";
        var summary = await client.GetFromJsonAsync<JsonElement>($"{Api}/summary?{range}");
        Assert.Equal(0, summary.Number("pending_minutes"));
        await EqualAsync("request_logs", "true", summary, from, to, ("requests", "count(*)"), ("client_errors", "count(*) FILTER (WHERE status BETWEEN 400 AND 499)"),
            ("server_errors", "count(*) FILTER (WHERE status >= 500)"), ("active_users", "count(DISTINCT user_id)"), ("p50_ms", Percentile(50)), ("p95_ms", Percentile(95)), ("p99_ms", Percentile(99)));
        await EqualAsync("user_activities", "action = 'mcp.tools.call'", summary, from, to, ("tool_calls", "count(*)"));

        foreach (var tool in (await client.GetFromJsonAsync<JsonElement>($"{Api}/usage/tools?{range}")).GetProperty("items").EnumerateArray())
        {
            await EqualAsync("user_activities", $"action = 'mcp.tools.call' AND target = '{tool.Text("tool")}'", tool, from, to, ("calls", "count(*)"), ("denied", "count(*) FILTER (WHERE outcome = 'denied')"),
                ("failed", "count(*) FILTER (WHERE outcome = 'failed')"), ("p95_ms", Percentile(95)));
        }

        foreach (var user in (await client.GetFromJsonAsync<JsonElement>($"{Api}/usage/users?{range}&limit=5")).GetProperty("items").EnumerateArray())
        {
            await EqualAsync("request_logs", $"user_id = '{user.Text("user_id")}'", user, from, to, ("requests", "count(*)"), ("server_errors", "count(*) FILTER (WHERE status >= 500)"), ("p95_ms", Percentile(95)));
            await EqualAsync("user_activities", $"action = 'mcp.tools.call' AND user_id = '{user.Text("user_id")}'", user, from, to, ("tool_calls", "count(*)"));
        }

        foreach (var server in (await client.GetFromJsonAsync<JsonElement>($"{Api}/mcp-servers/uptime?{range}")).GetProperty("items").EnumerateArray())
        {
            await EqualAsync("mcp_server_status", $"server_id = '{server.Text("server_id")}'", server, from, to, ("checks", "count(*)"), ("unhealthy", "count(*) FILTER (WHERE status = 'unhealthy')"),
                ("uptime", "avg((status <> 'unhealthy')::int)"), ("p99_ms", Percentile(99, "latency_ms")));
        }

        var errors = (await client.GetFromJsonAsync<JsonElement>($"{Api}/errors?{range}&limit=200")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(await ValueAsync("request_logs", "status >= 400 OR error IS NOT NULL", "count(*)", from, to), errors.Sum(error => error.Number("count")));
        Assert.Equal(
            await ValueAsync("request_logs", "status >= 400 OR error IS NOT NULL", "count(DISTINCT (status, error, service, method, route))", from, to), Math.Max(errors.Count, 0));
        Assert.All(errors, error => Assert.NotEqual(JsonValueKind.Null, error.GetProperty("example").ValueKind));

        await SeriesAsync(client, from, to, "requests", "status_class", "request_logs", "(status / 100)::text || 'xx'", "true", "count(*)");
        await SeriesAsync(client, from, to, "latency_p95", "service", "request_logs", "service", "true", Percentile(95));
        await SeriesAsync(client, from, to, "tool_error_rate", "server", "user_activities", "split_part(target, '/', 1)", "action = 'mcp.tools.call'", "avg((outcome = 'failed')::int)");
    }

    private async Task SeriesAsync(HttpClient client, DateTimeOffset from, DateTimeOffset to, string metric, string by, string table, string group, string where, string figure)
    {
        var answer = await client.GetFromJsonAsync<JsonElement>($"{Api}/timeseries?metric={metric}&group_by={by}&from={Time(from)}&to={Time(to)}&limit=20");
        var end = answer.GetProperty("to").GetDateTimeOffset();
        foreach (var series in answer.GetProperty("series").EnumerateArray())
        {
            var condition = $"({where}) AND {group} = '{series.Text("group")}'";
            var points = series.GetProperty("points").EnumerateArray().Select(point => (At: point.GetProperty("at").GetDateTimeOffset(), Value: point.GetProperty("value"))).ToList();
            Assert.Equal(answer.GetProperty("from").GetDateTimeOffset(), points[0].At);
            AssertFigure(figure, await ValueAsync(table, condition, figure, points[0].At, end), series.GetProperty("total"));
            foreach (var index in new[] { 0, points.Count / 2, points.Count - 1 })
            {
                AssertFigure(figure, await ValueAsync(table, condition, figure, points[index].At, index + 1 < points.Count ? points[index + 1].At : end), points[index].Value);
            }
        }
    }

    private static string Percentile(int percent, string column = "duration_ms") => $"percentile_disc(0.{percent}) WITHIN GROUP (ORDER BY greatest({column}, 0.001)) FILTER (WHERE {column} IS NOT NULL)";

    private async Task EqualAsync(string table, string where, JsonElement answer, DateTimeOffset from, DateTimeOffset to, params (string Property, string Figure)[] figures)
    {
        foreach (var (property, figure) in figures)
        {
            AssertFigure(figure, await ValueAsync(table, where, figure, from, to), answer.GetProperty(property));
        }
    }

    // Percentiles within 2 %, everything else the same; of nothing there is no figure, and no share of it is 0.
    private static void AssertFigure(string figure, double? expected, JsonElement actual)
    {
        var found = actual.ValueKind == JsonValueKind.Null ? (double?)null : actual.GetDouble();
        if (expected is not { } exact)
        {
            Assert.True(found is null or 0, $"{found} of nothing");
        }
        else
        {
            var tolerance = figure.StartsWith("percentile", StringComparison.Ordinal) ? 0.02 : 1e-9;
            Assert.InRange(found!.Value, exact * (1 - tolerance), exact * (1 + tolerance));
        }
    }

    private async Task<double?> ValueAsync(string table, string where, string figure, DateTimeOffset from, DateTimeOffset to)
    {
        await using var command = app.Database.CreateCommand($"SELECT ({figure})::double precision FROM analytics.{table} WHERE ({where}) AND occurred_at >= $1 AND occurred_at < $2");
        command.Parameters.Add(new NpgsqlParameter { Value = from.ToUniversalTime() });
        command.Parameters.Add(new NpgsqlParameter { Value = to.ToUniversalTime() });
        return await command.ExecuteScalarAsync() is double value ? value : null;
    }
}
