using System.Diagnostics;
using System.Text.Json;
using McpPlatform.AnalyticsService.Events;
using McpPlatform.AnalyticsService.Requests;
using McpPlatform.AnalyticsService.Telemetry;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.Tests;

[Collection(AnalyticsServiceCollection.Name)]
public sealed class StoringTests(AnalyticsServiceApplication app)
{
    [Fact]
    public async Task A_batch_of_a_thousand_requests_is_stored()
    {
        var events = Requests(1000);

        await app.PublishAsync(new RequestCompletedBatch(events));

        Assert.Equal(1000, await app.CountAsync("request_logs", events.Select(x => x.EventId), 1000));
    }

    [Fact]
    public async Task A_batch_that_comes_three_times_is_stored_once()
    {
        var events = Requests(500);
        var last = Sample.Request();

        for (var time = 0; time < 3; time++)
        {
            await app.PublishAsync(new RequestCompletedBatch(events));
        }

        Assert.Equal(500, await app.CountAsync("request_logs", events.Select(x => x.EventId), 500));
        await app.PublishAsync(new RequestCompletedBatch([last, last]));
        Assert.Equal(1, await app.CountAsync("request_logs", [last.EventId], 1));
        Assert.Equal(500, await app.CountAsync("request_logs", events.Select(x => x.EventId), 500));
    }

    [Fact]
    public async Task Batches_that_overlap_and_come_at_once_are_stored_once()
    {
        var events = Requests(400);
        var store = app.Service<EventStore>();
        await store.StoreAsync(StoreRequests.Table, [.. events.Take(30)], CancellationToken.None);

        await Parallel.ForEachAsync(Enumerable.Range(0, 8), async (number, cancellationToken) =>
            await store.StoreAsync(StoreRequests.Table, [.. events.Skip(number * 40).Take(120)], cancellationToken));

        Assert.Equal(400, await app.CountAsync("request_logs", events.Select(x => x.EventId), 400));
    }

    [Fact]
    public async Task A_copied_row_and_an_inserted_one_are_the_same()
    {
        var one = Sample.Request() with { Route = null, Error = "timeout", RequestBytes = null, UserId = null };
        var other = one with { EventId = Guid.CreateVersion7() };
        var store = app.Service<EventStore>();

        await store.StoreAsync(StoreRequests.Table, [one, .. Requests(50)], CancellationToken.None);
        await store.StoreAsync(StoreRequests.Table, [other], CancellationToken.None);

        const string row = "SELECT (to_jsonb(r) - 'event_id')::text FROM analytics.request_logs r WHERE event_id = $1";
        Assert.Equal(await app.ScalarAsync<string>(row, one.EventId), await app.ScalarAsync<string>(row, other.EventId));
    }

    [Fact]
    public async Task Every_property_of_a_request_is_stored()
    {
        var request = Sample.Request() with { Error = "timeout", Status = 504 };

        await app.PublishAsync(new RequestCompletedBatch([request]));

        Assert.Equal(1, await app.CountAsync("request_logs", [request.EventId], 1));
        var row = JsonSerializer.Deserialize<JsonElement>(await app.ScalarAsync<string>(
            "SELECT to_jsonb(r)::text FROM analytics.request_logs r WHERE event_id = $1", request.EventId));
        Assert.Equal(request.OccurredAt.UtcTicks / 10, row.GetProperty("occurred_at").GetDateTimeOffset().UtcTicks / 10);
        Assert.Equal(
            ("GET", "users", "/api/users", 504, 12.5, 0, 420),
            (row.Text("method"), row.Text("route"), row.Text("path"), row.GetProperty("status").GetInt32(), row.GetProperty("duration_ms").GetDouble(),
                row.GetProperty("request_bytes").GetInt64(), row.GetProperty("response_bytes").GetInt64()));
        Assert.Equal(
            ("192.0.2.7", "test/1.0", request.UserId.ToString(), "alice", "timeout", request.TraceId),
            (row.Text("client_ip"), row.Text("user_agent"), row.Text("user_id"), row.Text("username"), row.Text("error"), row.Text("trace_id")));
    }

    [Fact]
    public async Task A_broken_event_does_not_cost_the_others_of_its_batch()
    {
        var good = Requests(20);
        var nul = Sample.Request() with { Path = "/a\0b", UserAgent = "half \ud83d" };
        var endless = Sample.Request() with { Path = "/" + new string('x', 1024 * 1024), Method = null! };
        var ancient = Sample.Request(DateTimeOffset.UtcNow.AddYears(-900));
        var future = Sample.Request(DateTimeOffset.MaxValue);

        await app.PublishAsync(new RequestCompletedBatch([.. good.Take(10), nul, ancient, future, null!, endless, .. good.Skip(10)]));

        Assert.Equal(22, await app.CountAsync("request_logs", [.. good.Select(x => x.EventId), nul.EventId, endless.EventId, ancient.EventId, future.EventId], 22));
        Assert.Equal(1, await app.CountAsync("rejected_events", [ancient.EventId, future.EventId], 1));
        Assert.Equal("/a\ufffdb", await app.ScalarAsync<string>("SELECT path FROM analytics.request_logs WHERE event_id = $1", nul.EventId));
        Assert.Equal(2048, await app.ScalarAsync<int>("SELECT length(path) FROM analytics.request_logs WHERE event_id = $1", endless.EventId));
    }

    [Fact]
    public async Task A_value_that_only_the_database_refuses_costs_no_other_event()
    {
        // As if the code knew a longer column than the table has.
        var table = new EventTable<RequestCompleted>("request_logs", retention => retention.RequestLogDays, x => x.EventId, x => x.OccurredAt)
            .Text("method", 100, x => x.Method).Text("path", 100, x => x.Path).Integer("status", x => x.Status).Number("duration_ms", x => x.DurationMs);
        var good = Requests(5);
        var broken = Sample.Request() with { Method = new string('X', 50) };

        await app.Service<EventStore>().StoreAsync(table, [.. good.Take(2), broken, .. good.Skip(2)], CancellationToken.None);

        await app.Service<EventStore>().StoreAsync(table, [broken, .. Requests(100)], CancellationToken.None);

        Assert.Equal(5, await app.CountAsync("request_logs", [broken.EventId, .. good.Select(x => x.EventId)], 5));
        using var client = app.ClientWith(Permissions.AuditRead);
        var rejected = (await (await client.GetAsync("/api/analytics/rejected-events?table=request_logs")).JsonAsync()).GetProperty("items").EnumerateArray()
            .Single(item => item.GetProperty("event_id").GetGuid() == broken.EventId);
        Assert.Equal("value too long for type character varying(16)", rejected.Text("reason"));
        Assert.Equal(broken.Method, JsonSerializer.Deserialize<JsonElement>(rejected.Text("event")!).Text("method"));
    }

    [Fact]
    public async Task An_event_of_ten_days_ago_makes_the_partition_of_its_day()
    {
        var late = Sample.Request(DateTimeOffset.UtcNow.AddDays(-10));
        var day = DateOnly.FromDateTime(late.OccurredAt.UtcDateTime);
        Assert.DoesNotContain(day, await app.PartitionsAsync("request_logs"));

        await app.PublishAsync(new RequestCompletedBatch([Sample.Request(), late]));

        Assert.Equal(1, await app.CountAsync("request_logs", [late.EventId], 1));
        Assert.Contains(day, await app.PartitionsAsync("request_logs"));
    }

    [Fact]
    public async Task An_activity_is_stored_once_in_the_trace_of_its_cause()
    {
        using var spans = new Spans(AnalyticsTelemetry.Name);
        using var source = new ActivitySource(AnalyticsTelemetry.Name + ".Test");
        var fact = Sample.Activity() with { Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["server"] = "everything" } };
        using (var request = source.StartActivity("request"))
        {
            await app.PublishAsync(fact);
            await app.PublishAsync(fact);

            Assert.Equal(1, await app.CountAsync("user_activities", [fact.EventId], 1));
            await spans.WaitAsync("store user_activities", request!.TraceId, 2);
        }

        Assert.Equal(1, await app.CountAsync("user_activities", [fact.EventId], 1));
        Assert.Equal("everything", await app.ScalarAsync<string>("SELECT details->>'server' FROM analytics.user_activities WHERE event_id = $1", fact.EventId));
    }

    [Fact]
    public async Task Activities_that_travel_together_are_stored_once_each_and_one_that_cannot_be_costs_no_other()
    {
        var facts = Enumerable.Range(0, 50).Select(_ => Sample.Activity()).ToList();
        var ahead = Sample.Activity(DateTimeOffset.UtcNow.AddDays(400));
        var message = new ActivitiesRecorded { EventId = Guid.CreateVersion7(), OccurredAt = facts[0].OccurredAt, Activities = [facts[0], ahead, .. facts.Skip(1)] };

        await app.PublishAsync(facts[7]);
        await app.PublishAsync(message);
        await app.PublishAsync(message with { Activities = facts });

        Assert.Equal(50, await app.CountAsync("user_activities", [ahead.EventId, .. facts.Select(x => x.EventId)], 50));
        Assert.Equal(1, await app.CountAsync("rejected_events", [ahead.EventId], 1));
        Assert.Contains("days ahead", await app.ScalarAsync<string>("SELECT reason FROM analytics.rejected_events WHERE event_id = $1", ahead.EventId), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_that_postgres_refuses_in_json_are_replaced()
    {
        var values = JsonSerializer.Deserialize<JsonElement>("""{"name": "a\u0000b", "whole": "\ud83d\ude00", "path": "c:\\u0000"}""");
        var fact = Sample.Activity() with { Action = "users.update", NewValues = values, OldValues = JsonSerializer.SerializeToElement(new string('x', 70_000)) };

        await app.PublishAsync(fact);

        Assert.Equal(1, await app.CountAsync("user_activities", [fact.EventId], 1));
        var stored = JsonSerializer.Deserialize<JsonElement>(
            await app.ScalarAsync<string>("SELECT new_values::text FROM analytics.user_activities WHERE event_id = $1", fact.EventId));
        Assert.Equal(("a\ufffdb", "\ud83d\ude00", "c:\\u0000"), (stored.Text("name"), stored.Text("whole"), stored.Text("path")));
        Assert.Equal("true", await app.ScalarAsync<string>("SELECT old_values->>'truncated' FROM analytics.user_activities WHERE event_id = $1", fact.EventId));
    }

    [Fact]
    public async Task What_is_published_while_the_service_is_stopped_is_stored_when_it_starts_again()
    {
        var before = Requests(200);
        await app.PublishAsync(new RequestCompletedBatch(before));
        await app.StopAsync();
        var batches = Enumerable.Range(0, 20).Select(_ => Requests(50)).ToList();
        var facts = Enumerable.Range(0, 20).Select(_ => Sample.Activity()).ToList();

        foreach (var batch in batches)
        {
            await app.PublishAsync(new RequestCompletedBatch(batch));
        }

        foreach (var fact in facts)
        {
            await app.PublishAsync(fact);
        }

        app.Start();

        Assert.Equal(1200, await app.CountAsync("request_logs", [.. before.Select(x => x.EventId), .. batches.SelectMany(x => x).Select(x => x.EventId)], 1200));
        Assert.Equal(20, await app.CountAsync("user_activities", facts.Select(x => x.EventId), 20));
    }

    [Fact]
    public async Task Server_checks_and_system_metrics_are_stored()
    {
        var check = Sample.Check() with { Status = "unhealthy", ToolCount = null, Error = "connection refused" };
        var metrics = Sample.Metrics("gateway");

        await app.PublishAsync(new McpServerCheckedBatch([check]));
        await app.PublishAsync(new SystemMetricsSampledBatch([metrics]));

        Assert.Equal(1, await app.CountAsync("mcp_server_status", [check.EventId], 1));
        Assert.Equal(1, await app.CountAsync("system_metrics", [metrics.EventId], 1));
    }

    private static List<RequestCompleted> Requests(int count) => [.. Enumerable.Range(0, count).Select(_ => Sample.Request())];
}
