using System.Net;
using System.Text.Json;
using McpPlatform.AnalyticsService.Activities;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Requests;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using Microsoft.VisualBasic.FileIO;

namespace McpPlatform.AnalyticsService.Tests;

[Collection(AnalyticsServiceCollection.Name)]
public sealed class ExportTests(AnalyticsServiceApplication app)
{
    // Days that no other test uses.
    private static readonly DateTimeOffset Start = new(DateTimeOffset.UtcNow.AddDays(-20).UtcDateTime.Date, TimeSpan.Zero);

    [Fact]
    public async Task Ndjson_has_the_rows_of_the_list_and_csv_the_same_in_columns()
    {
        var from = Start;
        List<RequestCompleted> events =
        [
            Sample.Request(from.AddHours(1)) with { Path = "/a,\"b\"\r\nc", UserAgent = "=HYPERLINK(\"http://evil.example\")", Error = null, UserId = null },
            Sample.Request(from.AddHours(2)) with { Path = "/ü/\u4e2d", UserAgent = "-1+1", DurationMs = 0.125 },
            Sample.Request(from.AddHours(3)),
        ];
        await app.Service<EventStore>().StoreAsync(StoreRequests.Table, events, CancellationToken.None);
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var range = $"from={from:yyyy-MM-ddTHH:mm:ssZ}&to={from.AddHours(4):yyyy-MM-ddTHH:mm:ssZ}";

        using var response = await client.GetAsync($"/api/analytics/export?{range}");
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.ToString());
        Assert.EndsWith(".ndjson\"", response.Content.Headers.ContentDisposition?.ToString(), StringComparison.Ordinal);
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n');
        Assert.Equal(string.Empty, lines[^1]);
        var listed = (await (await client.GetAsync($"/api/analytics/requests?{range}")).JsonAsync()).GetProperty("items").EnumerateArray().Reverse().Select(item => item.GetRawText()).ToList();
        Assert.Equal(3, listed.Count);
        Assert.Equal(listed, lines[..^1]);

        using var csv = await client.GetAsync($"/api/analytics/export?format=csv&data=requests&{range}");
        Assert.Equal("text/csv", csv.Content.Headers.ContentType?.MediaType);
        using var parser = new TextFieldParser(await csv.Content.ReadAsStreamAsync()) { Delimiters = [","], HasFieldsEnclosedInQuotes = true, TrimWhiteSpace = false };
        var header = parser.ReadFields()!;
        Assert.Equal(JsonSerializer.Deserialize<JsonElement>(lines[0]).EnumerateObject().Select(property => property.Name), header);
        List<Dictionary<string, string>> rows = [];
        while (!parser.EndOfData)
        {
            rows.Add(header.Zip(parser.ReadFields()!).ToDictionary(cell => cell.First, cell => cell.Second, StringComparer.Ordinal));
        }

        Assert.Equal(events.Select(one => one.EventId.ToString()), rows.Select(row => row["event_id"]));
        Assert.Equal(["/a,\"b\"\r\nc", "/ü/\u4e2d", "/api/users"], rows.Select(row => row["path"]));
        Assert.Equal(["'=HYPERLINK(\"http://evil.example\")", "'-1+1", "test/1.0"], rows.Select(row => row["user_agent"]));
        Assert.Equal(["12.5", "0.125", "12.5"], rows.Select(row => row["duration_ms"]));
        Assert.Equal(string.Empty, rows[0]["user_id"]);
        Assert.Equal(from.AddHours(1).UtcDateTime.ToString("O"), rows[0]["occurred_at"]);
    }

    [Theory]
    [InlineData("page-views")]
    [InlineData("system-metrics")]
    [InlineData("mcp-servers")]
    public async Task Every_kind_of_telemetry_can_be_taken(string data)
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        using var response = await client.GetAsync($"/api/analytics/export?format=csv&data={data}");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith("event_id,occurred_at,", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_trail_is_taken_whole_and_that_is_in_it()
    {
        var from = Start.AddDays(1);
        var activities = Enumerable.Range(0, 700).Select(number => Sample.Activity(from.AddSeconds(number)) with { NewValues = JsonSerializer.SerializeToElement(new { number }) }).ToList();
        await app.Service<EventStore>().StoreAsync(StoreActivities.Table, activities, CancellationToken.None);
        using var client = app.ClientWith(Permissions.AuditRead);

        var text = await client.GetStringAsync($"/api/analytics/audit/export?from={from:yyyy-MM-ddTHH:mm:ssZ}&to={from.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}");

        var rows = text.TrimEnd('\n').Split('\n').Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        Assert.Equal(activities.Select(one => one.EventId), rows.Select(row => row.GetProperty("event_id").GetGuid()));
        Assert.Equal(Enumerable.Range(0, 700), rows.Select(row => row.GetProperty("new_values").GetProperty("number").GetInt32()));
        for (var attempt = 0; ; attempt++)
        {
            var found = (await (await client.GetAsync("/api/analytics/activities?action=audit.export")).JsonAsync()).GetProperty("items").EnumerateArray()
                .Where(item => item.GetProperty("details").Text("from")!.StartsWith($"{from:yyyy-MM-dd}", StringComparison.Ordinal)).ToList();
            if (found.Count == 1)
            {
                Assert.Equal(("caller", "ndjson"), (found[0].Text("username"), found[0].GetProperty("details").Text("format")));
                break;
            }

            Assert.InRange(attempt, 0, 100);
            await Task.Delay(100);
        }
    }

    [Fact]
    public async Task A_long_export_begins_at_once_and_takes_no_memory_and_ends_with_its_client()
    {
        const int rows = 300_000;
        var from = Start.AddDays(2);
        await app.Service<EventStore>().StoreAsync(StoreRequests.Table, [Sample.Request(from.AddHours(1))], CancellationToken.None);
        await app.ExecuteAsync(
            $"""
            INSERT INTO analytics.request_logs (event_id, occurred_at, method, path, status, duration_ms, user_agent)
            SELECT gen_random_uuid(), timestamptz '{from:yyyy-MM-dd} 02:00:00+00' + number * interval '1 ms', 'GET', '/long', 200, 1, repeat('x', 300) FROM generate_series(1, {rows}) number
            """);
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var path = $"/api/analytics/export?from={from:yyyy-MM-ddTHH:mm:ssZ}&to={from.AddDays(1):yyyy-MM-ddTHH:mm:ssZ}";
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using (var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead))
        await using (var stream = await response.Content.ReadAsStreamAsync())
        {
            var buffer = new byte[1024 * 1024];
            for (var taken = 0; taken < 20; taken++)
            {
                await stream.ReadExactlyAsync(buffer);
            }

            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 16 * 1024 * 1024);
            Assert.Equal(1, await RunningAsync());
        }

        for (var attempt = 0; await RunningAsync() > 0; attempt++)
        {
            Assert.InRange(attempt, 0, 100);
            await Task.Delay(100);
        }

        await using var whole = await client.GetStreamAsync(path);
        using var reader = new StreamReader(whole);
        var count = 0;
        while (await reader.ReadLineAsync() is not null)
        {
            count++;
        }

        Assert.Equal(rows + 1, count);
    }

    private Task<long> RunningAsync() =>
        app.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%request_logs%' AND query NOT LIKE '%rollups%'");
}
