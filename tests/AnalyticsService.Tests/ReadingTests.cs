using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.Tests;

[Collection(AnalyticsServiceCollection.Name)]
public sealed class ReadingTests(AnalyticsServiceApplication app)
{
    private const string Api = AnalyticsApi.Route;

    public static TheoryData<string, string> Routes() => new()
    {
        { "/summary", Permissions.AnalyticsRead },
        { "/timeseries", Permissions.AnalyticsRead },
        { "/errors", Permissions.AnalyticsRead },
        { "/usage/tools", Permissions.AnalyticsRead },
        { "/usage/users", Permissions.AnalyticsRead },
        { "/mcp-servers/uptime", Permissions.AnalyticsRead },
        { "/requests", Permissions.AnalyticsRead },
        { "/activities", Permissions.AuditRead },
        { "/page-views", Permissions.AnalyticsRead },
        { "/system-metrics", Permissions.AnalyticsRead },
        { "/mcp-servers", Permissions.AnalyticsRead },
        { "/rejected-events", Permissions.AuditRead },
        { "/live?seconds=1", Permissions.AnalyticsRead },
        { "/export", Permissions.AnalyticsRead },
        { "/audit/verify", Permissions.AuditRead },
        { "/audit/checkpoints", Permissions.AuditRead },
        { "/audit/keys", Permissions.AuditRead },
        { "/audit/export", Permissions.AuditRead },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Reading_needs_a_token_and_its_permission(string route, string permission)
    {
        using var anonymous = app.Anonymous();
        using var other = app.ClientWith([.. Permissions.Catalogue.Keys.Where(name => name != permission)]);
        using var allowed = app.ClientWith(permission);

        await (await anonymous.GetAsync(Api + route)).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await other.GetAsync(Api + route)).AssertProblemAsync(HttpStatusCode.Forbidden);
        Assert.Equal(HttpStatusCode.OK, (await allowed.GetAsync(Api + route)).StatusCode);
    }

    [Theory]
    [InlineData("/requests?limit=0", "limit")]
    [InlineData("/live?seconds=0", "seconds")]
    [InlineData("/live?seconds=86401", "seconds")]
    [InlineData("/export?format=xml", "format")]
    [InlineData("/export?data=activities", "data")]
    [InlineData("/export?from=yesterday", "from")]
    [InlineData("/export?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("/export?to=1969-01-01T00:00:00Z", "to")]
    [InlineData("/audit/export?format=xml", "format")]
    [InlineData("/requests?limit=501", "limit")]
    [InlineData("/requests?limit=many", "limit")]
    [InlineData("/requests?cursor=nonsense!", "cursor")]
    [InlineData("/requests?cursor=bm9uc2Vuc2U", "cursor")]
    [InlineData("/requests?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OS4x", "cursor")]
    [InlineData("/requests?from=yesterday", "from")]
    [InlineData("/requests?from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z", "from")]
    [InlineData("/requests?user_id=alice", "user_id")]
    [InlineData("/requests?status=99", "status")]
    [InlineData("/requests?status=ok", "status")]
    [InlineData("/requests?route=a%00b", "route")]
    [InlineData("/activities?outcome=maybe", "outcome")]
    [InlineData("/activities?limit=-1", "limit")]
    [InlineData("/mcp-servers?server_id=1", "server_id")]
    [InlineData("/system-metrics?to=later", "to")]
    [InlineData("/summary?from=2025-01-01T00:00:00Z&to=2026-02-02T00:00:00Z", "from")]
    [InlineData("/timeseries?metric=happiness", "metric")]
    [InlineData("/timeseries?bucket=2h", "bucket")]
    [InlineData("/timeseries?bucket=1m&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "bucket")]
    [InlineData("/timeseries?metric=requests&group_by=tool", "group_by")]
    [InlineData("/timeseries?metric=active_users&group_by=user", "group_by")]
    [InlineData("/timeseries?group=mcp", "group")]
    [InlineData("/timeseries?limit=0", "limit")]
    [InlineData("/timeseries?limit=51", "limit")]
    [InlineData("/timeseries?time_zone=Mars/Olympus", "time_zone")]
    [InlineData("/timeseries?group_by=route&limit=50&bucket=1m", "bucket")]
    [InlineData("/timeseries?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("/errors?limit=0", "limit")]
    [InlineData("/errors?to=later", "to")]
    [InlineData("/usage/tools?order=size", "order")]
    [InlineData("/usage/tools?limit=501", "limit")]
    [InlineData("/usage/users?order=size", "order")]
    [InlineData("/usage/users?limit=0", "limit")]
    [InlineData("/mcp-servers/uptime?from=yesterday", "from")]
    [InlineData("/summary?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from")]
    [InlineData("/summary?from=9999-01-01T00:00:00Z", "from")]
    [InlineData("/summary?to=0001-01-01T00:00:00Z", "to")]
    public async Task A_wrong_parameter_is_named(string address, string parameter)
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead, Permissions.AuditRead);

        await (await client.GetAsync(Api + address)).AssertInvalidAsync(parameter);
    }

    [Fact]
    public async Task Requests_are_found_by_each_filter()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var user = Guid.CreateVersion7();
        var at = DateTimeOffset.UtcNow.AddHours(-30);
        var wanted = Sample.Request(at) with { UserId = user, Method = "POST", Route = $"route-{user:N}", Status = 418, Error = "teapot" };
        var others = new[]
        {
            wanted with { EventId = Guid.CreateVersion7(), UserId = null }, wanted with { EventId = Guid.CreateVersion7(), Method = "GET" },
            wanted with { EventId = Guid.CreateVersion7(), Route = null }, wanted with { EventId = Guid.CreateVersion7(), Status = 200 },
            wanted with { EventId = Guid.CreateVersion7(), OccurredAt = at.AddHours(-1) }, wanted with { EventId = Guid.CreateVersion7(), OccurredAt = at.AddHours(1) },
        };
        await StoreAsync([wanted, .. others]);

        var range = $"from={Time(at.AddSeconds(-1))}&to={Time(at.AddSeconds(1))}";
        var found = await client.GetFromJsonAsync<JsonElement>($"{Api}/requests?{range}&user_id={user}&method=post&route=route-{user:N}&status=418");

        var item = Assert.Single(found.GetProperty("items").EnumerateArray());
        Assert.Equal((wanted.EventId, "teapot", 420), (item.GetProperty("event_id").GetGuid(), item.Text("error"), item.GetProperty("response_bytes").GetInt32()));
        Assert.Equal(JsonValueKind.Null, found.GetProperty("next_cursor").ValueKind);
        Assert.Equal(6, await FoundAsync(client, $"/requests?from={Time(at.AddHours(-2))}&route=route-{user:N}"));
        Assert.Equal(6, await FoundAsync(client, $"/requests?from={Time(at.AddHours(-2))}&user_id={user}"));
        Assert.Equal(1, await FoundAsync(client, $"/requests?to={Time(at)}&route=route-{user:N}"));
    }

    [Fact]
    public async Task Activities_are_found_by_user_action_and_outcome_with_their_values()
    {
        using var client = app.ClientWith(Permissions.AuditRead);
        var user = Guid.CreateVersion7();
        var wanted = Sample.Activity() with
        {
            UserId = user, Action = "users.update", Outcome = ActivityOutcomes.Denied, OldValues = JsonSerializer.SerializeToElement(new { is_active = true }),
        };
        ActivityRecorded[] facts =
        [
            wanted, wanted with { EventId = Guid.CreateVersion7(), Action = "users.create" }, wanted with { EventId = Guid.CreateVersion7(), Outcome = ActivityOutcomes.Failed },
            wanted with { EventId = Guid.CreateVersion7(), UserId = null },
        ];
        foreach (var fact in facts)
        {
            await app.PublishAsync(fact);
        }

        Assert.Equal(4, await app.CountAsync("user_activities", facts.Select(x => x.EventId), 4));
        var found = await client.GetFromJsonAsync<JsonElement>($"{Api}/activities?user_id={user}&action=users.update&outcome=denied");

        var item = Assert.Single(found.GetProperty("items").EnumerateArray());
        Assert.Equal(wanted.EventId, item.GetProperty("event_id").GetGuid());
        Assert.True(item.GetProperty("old_values").GetProperty("is_active").GetBoolean());
        Assert.Equal(JsonValueKind.Null, item.GetProperty("new_values").ValueKind);
    }

    [Fact]
    public async Task Paging_walks_every_row_once_while_new_ones_arrive()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var route = $"paged-{Guid.CreateVersion7():N}";

        // Half of them at one and the same time, over two days: the id decides, and partitions are crossed.
        var at = DateTimeOffset.UtcNow.AddDays(-1);
        var events = Enumerable.Range(0, 250).Select(number => Sample.Request(number % 2 == 0 ? at : at.AddMinutes(-20 * number)) with { Route = route }).ToList();
        await StoreAsync([.. events]);

        List<Guid> walked = [];
        for (string? cursor = null; walked.Count == 0 || cursor is not null;)
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"{Api}/requests?route={route}&limit=30&cursor={cursor}");
            walked.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("event_id").GetGuid()));
            cursor = page.Text("next_cursor");
            await StoreAsync(Sample.Request() with { Route = route }, Sample.Request() with { Route = route });
        }

        Assert.Equal(events.Select(x => x.EventId).Order(), walked.Order());
        Assert.Equal(walked.Count, walked.Distinct().Count());
    }

    [Fact]
    public async Task The_newest_come_first()
    {
        using var client = app.ClientWith(Permissions.AnalyticsRead);
        var service = $"service-{Guid.CreateVersion7():N}";
        var samples = Enumerable.Range(0, 5).Select(number => Sample.Metrics(service) with { OccurredAt = DateTimeOffset.UtcNow.AddSeconds(-number) }).ToList();
        await app.PublishAsync(new SystemMetricsSampledBatch([samples[3], samples[0], samples[4], samples[2], samples[1]]));
        Assert.Equal(5, await app.CountAsync("system_metrics", samples.Select(x => x.EventId), 5));

        var page = await client.GetFromJsonAsync<JsonElement>($"{Api}/system-metrics?service={service}");

        Assert.Equal(samples.Select(x => x.EventId), page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("event_id").GetGuid()));
    }

    [Fact]
    public async Task A_page_view_is_stored_with_the_viewer_of_the_token()
    {
        using var anybody = app.ClientWith();
        using var analyst = app.ClientWith(Permissions.AnalyticsRead);
        var path = $"/console/{Guid.CreateVersion7():N}";

        var response = await anybody.PostAsJsonAsync($"{Api}/page-views", new { path, referrer = "/console", duration_ms = 1500 });

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(1, await EventuallyFoundAsync(analyst, $"/page-views?path={path}"));
        var item = (await analyst.GetFromJsonAsync<JsonElement>($"{Api}/page-views?path={path}")).GetProperty("items")[0];
        Assert.Equal(("caller", "/console", 1500), (item.Text("username"), item.Text("referrer"), item.GetProperty("duration_ms").GetInt32()));
    }

    [Fact]
    public async Task Views_that_come_together_are_stored_each_at_its_time()
    {
        using var anybody = app.ClientWith();
        using var analyst = app.ClientWith(Permissions.AnalyticsRead);
        var path = $"/console/{Guid.CreateVersion7():N}";

        var response = await anybody.PostAsJsonAsync(
            $"{Api}/page-views/batch", new { views = new object[] { new { path, session_id = "visit-1", ago_ms = 60_000 }, new { path, session_id = "visit-1", referrer = path } } });

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        for (var attempt = 0; await EventuallyFoundAsync(analyst, $"/page-views?path={path}") < 2; attempt++)
        {
            Assert.InRange(attempt, 0, 100);
            await Task.Delay(50);
        }

        var items = (await analyst.GetFromJsonAsync<JsonElement>($"{Api}/page-views?path={path}")).GetProperty("items");
        Assert.All(items.EnumerateArray(), item => Assert.Equal("visit-1", item.Text("session_id")));
        Assert.Equal(60, (items[0].GetProperty("occurred_at").GetDateTimeOffset() - items[1].GetProperty("occurred_at").GetDateTimeOffset()).TotalSeconds, 1);
    }

    [Theory]
    [InlineData("DNT")]
    [InlineData("Sec-GPC")]
    public async Task Who_asks_not_to_be_tracked_is_not(string header)
    {
        using var anybody = app.ClientWith();
        using var analyst = app.ClientWith(Permissions.AnalyticsRead);
        var path = $"/console/{Guid.CreateVersion7():N}";
        anybody.DefaultRequestHeaders.Add(header, "1");

        Assert.Equal(HttpStatusCode.NoContent, (await anybody.PostAsJsonAsync($"{Api}/page-views", new { path })).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await anybody.PostAsJsonAsync($"{Api}/page-views/batch", new { views = new[] { new { path } } })).StatusCode);
        anybody.DefaultRequestHeaders.Remove(header);
        Assert.Equal(HttpStatusCode.Accepted, (await anybody.PostAsJsonAsync($"{Api}/page-views", new { path })).StatusCode);

        Assert.Equal(1, await EventuallyFoundAsync(analyst, $"/page-views?path={path}"));
        await Task.Delay(500);
        Assert.Equal(1, await EventuallyFoundAsync(analyst, $"/page-views?path={path}"));
    }

    [Theory]
    [InlineData("""{}""", "views")]
    [InlineData("""{"views": []}""", "views")]
    [InlineData("""{"views": [null]}""", "views")]
    [InlineData("""{"views": [{"path": "/a"}, {"path": "b"}]}""", "views[1].path")]
    [InlineData("""{"views": [{"path": "/a", "session_id": "a b"}]}""", "views[0].session_id")]
    [InlineData("""{"views": [{"path": "/a", "ago_ms": -1}]}""", "views[0].ago_ms")]
    public async Task Views_of_which_one_is_none_are_refused(string body, string field)
    {
        using var client = app.ClientWith();
        using var content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));

        await (await client.PostAsync($"{Api}/page-views/batch", content)).AssertInvalidAsync(field);
    }

    [Theory]
    [InlineData("""{"path": "console"}""", "path")]
    [InlineData("""{"path": "/console?token=secret"}""", "path")]
    [InlineData("""{"path": "/console", "referrer": "/a#b"}""", "referrer")]
    [InlineData("""{"path": "/console", "duration_ms": -1}""", "duration_ms")]
    public async Task A_page_view_that_is_none_is_refused(string body, string field)
    {
        using var client = app.ClientWith();
        using var content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));

        await (await client.PostAsync($"{Api}/page-views", content)).AssertInvalidAsync(field);
    }

    [Fact]
    public async Task A_page_view_needs_a_token()
    {
        using var anonymous = app.Anonymous();

        await (await anonymous.PostAsJsonAsync($"{Api}/page-views", new { path = "/console" })).AssertProblemAsync(HttpStatusCode.Unauthorized);
    }

    private static string Time(DateTimeOffset at) => Uri.EscapeDataString(at.ToString("O", CultureInfo.InvariantCulture));

    private async Task StoreAsync(params RequestCompleted[] events)
    {
        await app.PublishAsync(new RequestCompletedBatch(events));
        Assert.Equal(events.Length, await app.CountAsync("request_logs", events.Select(x => x.EventId), events.Length));
    }

    private static async Task<int> FoundAsync(HttpClient client, string address) =>
        (await client.GetFromJsonAsync<JsonElement>(Api + address)).GetProperty("items").GetArrayLength();

    private static async Task<int> EventuallyFoundAsync(HttpClient client, string address)
    {
        var found = 0;
        for (var attempt = 0; attempt < 250 && found == 0; attempt++)
        {
            await Task.Delay(20);
            found = await FoundAsync(client, address);
        }

        return found;
    }
}
