using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.Tests;

[Collection(AnalyticsServiceCollection.Name)]
public sealed class SummaryTests(AnalyticsServiceApplication app)
{
    // An hour that no other test writes into.
    private static readonly DateTimeOffset Hour = new(DateTime.UtcNow.Date.AddDays(-26).AddHours(7), TimeSpan.Zero);

    private static string Range => $"from={Hour:yyyy-MM-ddTHH:mm:ssZ}&to={Hour.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";

    [Fact]
    public async Task The_numbers_of_a_known_set_are_exact()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var (alice, bob) = (Guid.CreateVersion7(), Guid.CreateVersion7());

        // 1 to 100 ms; 60 of alice to users, 40 of bob to mcp of which 4 fail and 6 are refused.
        var requests = Enumerable.Range(1, 100).Select(number => Sample.Request(Hour.AddSeconds(number)) with
        {
            DurationMs = number,
            Method = number <= 60 ? "GET" : "POST",
            Route = number <= 60 ? "users" : "mcp",
            UserId = number <= 60 ? alice : bob,
            Status = number switch { > 96 => 502, > 90 => 403, _ => 200 },
        }).ToList();
        RequestCompleted[] outside = [Sample.Request(Hour.AddTicks(-10)) with { DurationMs = 9999 }, Sample.Request(Hour.AddHours(1)) with { DurationMs = 9999 }];
        await app.PublishAsync(new RequestCompletedBatch([.. requests, .. outside]));
        var calls = Enumerable.Range(1, 10).Select(number => Sample.Activity(Hour.AddSeconds(number)) with
        {
            Target = number <= 7 ? "everything/echo" : "everything/add",
            Outcome = number switch { 1 => ActivityOutcomes.Failed, 2 or 3 => ActivityOutcomes.Denied, _ => ActivityOutcomes.Succeeded },
        }).Append(Sample.Activity(Hour) with { Action = "auth.login", Target = "alice" }).ToList();
        foreach (var call in calls)
        {
            await app.PublishAsync(call);
        }

        var (first, second) = (Sample.Check(Hour.AddMinutes(1)), Sample.Check(Hour.AddMinutes(2)) with { ServerName = "another" });
        await app.PublishAsync(new McpServerCheckedBatch(
            [first, second, first with { EventId = Guid.CreateVersion7(), OccurredAt = Hour.AddMinutes(30), Status = "unhealthy", ToolCount = null, Error = "timeout" }]));
        Assert.Equal(102, await app.CountAsync("request_logs", requests.Concat(outside).Select(x => x.EventId), 102));
        Assert.Equal(11, await app.CountAsync("user_activities", calls.Select(x => x.EventId), 11));
        Assert.Equal(1, await app.CountAsync("mcp_server_status", [first.EventId], 1));

        var summary = await client.GetFromJsonAsync<JsonElement>($"/api/analytics/summary?{Range}");

        Assert.Equal(
            (100, 6, 4, 0.04, 2),
            (summary.Number("requests"), summary.Number("client_errors"), summary.Number("server_errors"), summary.Number("error_rate"), summary.Number("active_users")));
        AssertWithin(50, summary.Number("p50_ms"));
        AssertWithin(95, summary.Number("p95_ms"));
        AssertWithin(99, summary.Number("p99_ms"));
        Assert.Equal(
            [("GET", "users", 60, 0), ("POST", "mcp", 40, 4)],
            summary.GetProperty("top_endpoints").EnumerateArray()
                .Select(x => (x.Text("method"), x.Text("route"), (int)x.Number("requests"), (int)x.Number("server_errors"))));
        AssertWithin(57, summary.GetProperty("top_endpoints")[0].Number("p95_ms"));
        AssertWithin(98, summary.GetProperty("top_endpoints")[1].Number("p95_ms"));
        Assert.Equal(10, summary.Number("tool_calls"));
        Assert.Equal(
            [("everything/echo", 7, 2, 1), ("everything/add", 3, 0, 0)],
            summary.GetProperty("top_tools").EnumerateArray()
                .Select(x => (x.Text("tool"), (int)x.Number("calls"), (int)x.Number("denied"), (int)x.Number("failed"))));
        AssertWithin(3, summary.GetProperty("top_tools")[0].Number("p95_ms"));
        Assert.Equal(
            [("another", "healthy", null, Hour.AddMinutes(2)), ("everything", "unhealthy", "timeout", Hour.AddMinutes(30))],
            summary.GetProperty("servers").EnumerateArray().Select(x => (x.Text("server_name"), x.Text("status"), x.Text("error"), x.GetProperty("checked_at").GetDateTimeOffset())));
    }

    private static void AssertWithin(double expected, double actual) => Assert.InRange(actual, expected * 0.99, expected * 1.01);

    [Fact]
    public async Task A_range_without_anything_has_zeros_and_no_percentiles()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);

        var summary = await client.GetFromJsonAsync<JsonElement>("/api/analytics/summary?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z");

        Assert.Equal((0, 0), (summary.Number("requests"), summary.Number("error_rate")));
        Assert.Equal(JsonValueKind.Null, summary.GetProperty("p95_ms").ValueKind);
        Assert.Empty(summary.GetProperty("servers").EnumerateArray());
    }

    [Fact]
    public async Task Without_a_range_it_is_the_last_day()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);

        var summary = await client.GetFromJsonAsync<JsonElement>("/api/analytics/summary");

        Assert.Equal(TimeSpan.FromDays(1), summary.GetProperty("to").GetDateTimeOffset() - summary.GetProperty("from").GetDateTimeOffset());
        Assert.InRange(DateTimeOffset.UtcNow - summary.GetProperty("to").GetDateTimeOffset(), TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(10));
    }
}
