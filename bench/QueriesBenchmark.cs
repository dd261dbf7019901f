using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using McpPlatform.AnalyticsService.Activities;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.McpServers;
using McpPlatform.AnalyticsService.Requests;
using McpPlatform.Bench.ToolsCall;
using McpPlatform.Contracts.Identity;
using McpPlatform.TestSupport;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace McpPlatform.Bench;

/// <summary>
/// How long AnalyticsService takes to answer over thirty days of events (<c>ROWS</c> requests, a fifth as many tool calls, twenty servers checked every half minute), asked over HTTP one
/// after the other, beside what PostgreSQL takes to compute the same from the rows. Also how long the service needs to count all of it when nothing is counted yet.
/// </summary>
internal static class QueriesBenchmark
{
    private const int Days = 30, Samples = 100;

    public static async Task RunAsync()
    {
        var rows = int.Parse(Environment.GetEnvironmentVariable("ROWS") ?? "10000000", CultureInfo.InvariantCulture);
        await using var servers = new PlatformServers();
        await servers.InitializeAsync();
        await using var issuer = await TestIssuer.StartAsync();
        var database = await servers.CreateDatabaseAsync("queries");
        Dictionary<string, string?> settings = new(issuer.Settings)
        {
            ["ConnectionStrings:analyticsdb"] = database, ["ConnectionStrings:redis"] = servers.Redis, ["ConnectionStrings:rabbitmq"] = servers.RabbitMq,
            ["JWT_SECRET_KEY"] = "a secret of the benchmark, of no worth to anybody",
        };
        await using (var migration = MeasuredProcess.StartProject("AnalyticsService", ["migrate", $"--ConnectionStrings:analyticsdb={database}"], settings))
        {
            await migration.EndedAsync();
        }

        await using var source = NpgsqlDataSource.Create(database);
        var generated = await TimeAsync(() => GenerateAsync(source, rows));
        var address = new Uri($"http://127.0.0.1:{BenchPlatform.FreePort().ToString(CultureInfo.InvariantCulture)}");
        await using var service = MeasuredProcess.StartProject("AnalyticsService", [$"--urls={address}"], settings);
        var counted = await TimeAsync(() => CountedAsync(source, service));
        var rollups = await ScalarAsync(source, "SELECT count(*)::text || ' rows, ' || pg_size_pretty(pg_total_relation_size('analytics.rollups')) FROM analytics.rollups");
        Console.Out.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{rows:N0} requests and what goes with them over {Days} days, generated in {generated.TotalSeconds:0} s, counted in {counted.TotalSeconds:0} s: rollups {rollups}"));
        Console.Out.WriteLine();

        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", issuer.CreateToken(Guid.CreateVersion7(), "bench", [.. Permissions.Catalogue.Keys]));
        var now = TimeProvider.System.GetUtcNow();
        var month = $"from={Time(now.AddDays(-Days).AddHours(1))}&to={Time(now)}";
        (string Name, string Address)[] queries =
        [
            ("summary, 30 days", $"summary?{month}"), ("summary, 1 day", $"summary?from={Time(now.AddDays(-1))}&to={Time(now)}"),
            ("timeseries requests, 30 days by 6 hours", $"timeseries?{month}&bucket=6h"), ("timeseries latency_p95, 30 days by hour", $"timeseries?{month}&metric=latency_p95&bucket=1h"),
            ("timeseries latency_p95 by route, 30 days by 6 hours", $"timeseries?{month}&metric=latency_p95&group_by=route&bucket=6h"),
            ("timeseries requests by user, 30 days by day, Europe/Berlin", $"timeseries?{month}&group_by=user&bucket=1d&time_zone=Europe/Berlin"),
            ("timeseries tool_calls by tool, 30 days by day", $"timeseries?{month}&metric=tool_calls&group_by=tool&bucket=1d"), ("timeseries active_users, 30 days by day", $"timeseries?{month}&metric=active_users&bucket=1d"),
            ("errors, 30 days", $"errors?{month}"), ("usage of tools, 30 days", $"usage/tools?{month}"), ("usage of users, 30 days", $"usage/users?{month}"), ("uptime of servers, 30 days", $"mcp-servers/uptime?{month}"),
            ("a page of requests, 50", "requests"), ("a page of requests, 500, of 15 days ago", $"requests?limit=500&to={Time(now.AddDays(-15))}"), ("a page of one user's requests", "requests?user_id=00000000-0000-0000-0000-000000000007"),
            ("a page of activities, 50", "activities"), ("a page of a server's checks", $"mcp-servers?server_id={Guid.Empty.ToString()[..^2]}03"),
        ];
        await MeasureAsync(client, service, queries);
        var raw = await TimeAsync(() => ScalarAsync(
            source, "SELECT (count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms), percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms), count(DISTINCT user_id))::text FROM analytics.request_logs"));
        Console.Out.WriteLine();
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The totals of the summary from the rows, in PostgreSQL: {raw.TotalMilliseconds:N0} ms"));
    }

    private static async Task MeasureAsync(HttpClient client, MeasuredProcess service, (string Name, string Address)[] queries)
    {
        var times = queries.ToDictionary(query => query.Name, _ => new List<double>());
        for (var sample = -5; sample < Samples; sample++)
        {
            foreach (var (name, address) in queries)
            {
                service.MustRun();
                var started = Stopwatch.GetTimestamp();
                using var response = await client.GetAsync(new Uri($"/api/analytics/{address}", UriKind.Relative));
                var body = await response.Content.ReadAsByteArrayAsync();
                if (!response.IsSuccessStatusCode || body.Length < 20)
                {
                    throw new InvalidOperationException($"{address} answered {(int)response.StatusCode}: {System.Text.Encoding.UTF8.GetString(body)}");
                }

                if (sample >= 0)
                {
                    times[name].Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                }
            }
        }

        Console.Out.WriteLine("| query | p50 ms | p95 ms | max ms |");
        Console.Out.WriteLine("| --- | --- | --- | --- |");
        foreach (var (name, _) in queries)
        {
            var sorted = times[name].Order().ToList();
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {sorted[sorted.Count / 2]:0} | {sorted[(int)(sorted.Count * 0.95)]:0} | {sorted[^1]:0} |"));
        }
    }

    // Durations are log-normal, users and tools as uneven as people are, more by day than by night.
    private static async Task GenerateAsync(NpgsqlDataSource source, int rows)
    {
        var partitions = new Partitions(source, NullLogger<Partitions>.Instance);
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        DateOnly[] days = [.. Enumerable.Range(-Days, Days + 2).Select(today.AddDays)];
        await partitions.EnsureAsync(StoreRequests.Table, days, CancellationToken.None);
        await partitions.EnsureAsync(StoreActivities.Table, days, CancellationToken.None);
        await partitions.EnsureAsync(StoreServerStatus.Table, days, CancellationToken.None);
        const string At = "now() - (interval '30 days' * (1 - n::float8 / $1))";
        await ScalarAsync(
            source,
            $"""
            INSERT INTO analytics.request_logs (event_id, occurred_at, method, route, service, path, status, duration_ms, request_bytes, response_bytes, client_ip, user_agent, user_id, username, error, trace_id)
            SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, {At}, CASE WHEN n % 3 = 0 THEN 'POST' ELSE 'GET' END, 'route-' || (power(random(), 2) * 24)::int, 'service-' || n % 4,
                   '/api/something/' || n % 1000, CASE WHEN random() < 0.01 THEN 502 WHEN random() < 0.03 THEN 404 ELSE 200 END, exp(3 + (random() + random() + random() - 1.5) * 2), 200, n % 5000,
                   '203.0.113.' || n % 250, 'a client like others/1.0', ('00000000-0000-0000-0000-' || lpad((power(random(), 3) * 1000)::int::text, 12, '0'))::uuid, 'user-name', NULL, lpad(to_hex(n), 32, '0')
            FROM generate_series(1, $1) AS n
            """,
            rows);
        await ScalarAsync(
            source,
            $"""
            INSERT INTO analytics.user_activities (event_id, occurred_at, service, action, outcome, user_id, username, target_type, target, duration_ms)
            SELECT ('00000000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid, {At}, 'mcpservice', 'mcp.tools.call', CASE WHEN random() < 0.02 THEN 'failed' WHEN random() < 0.02 THEN 'denied' ELSE 'succeeded' END,
                   ('00000000-0000-0000-0000-' || lpad((power(random(), 3) * 1000)::int::text, 12, '0'))::uuid, 'user-name', 'tool', 'server-' || n % 8 || '/tool-' || (power(random(), 2) * 60)::int,
                   exp(4 + (random() + random() + random() - 1.5) * 2)
            FROM generate_series(1, $1) AS n
            """,
            rows / 5);
        await ScalarAsync(
            source,
            $"""
            INSERT INTO analytics.mcp_server_status (event_id, occurred_at, server_id, server_name, status, latency_ms, tool_count)
            SELECT ('00000000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid, {At}, ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid, 'server-' || n % 20,
                   CASE WHEN random() < 0.01 THEN 'unhealthy' ELSE 'healthy' END, random() * 20, 11
            FROM generate_series(1, $1) AS n
            """,
            Days * 2880 * 20);
        foreach (var table in new[] { "request_logs", "user_activities", "mcp_server_status" })
        {
            await ScalarAsync(source, $"INSERT INTO analytics.rollup_marks (table_name, grain, bucket) SELECT DISTINCT '{table}', 0, date_trunc('minute', occurred_at) FROM analytics.{table}");
        }

        await ScalarAsync(source, "ANALYZE");
    }

    private static async Task CountedAsync(NpgsqlDataSource source, MeasuredProcess service)
    {
        while (await ScalarAsync(source, "SELECT count(*)::text FROM analytics.rollup_marks WHERE bucket < now() - interval '1 day' OR (grain = 0 AND bucket < now() - interval '5 minutes')") != "0")
        {
            service.MustRun();
            await Task.Delay(200);
        }

        // As autovacuum does within minutes.
        await ScalarAsync(source, "VACUUM ANALYZE analytics.rollups, analytics.rollup_marks");
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<string?> ScalarAsync(NpgsqlDataSource source, string sql, params int[] parameters)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 3600;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return await command.ExecuteScalarAsync() as string;
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
