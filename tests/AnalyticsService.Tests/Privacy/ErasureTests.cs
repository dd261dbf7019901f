using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.AnalyticsService.Privacy;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.AnalyticsService.Tests.Privacy;

[Collection(AnalyticsServiceCollection.Name)]
public sealed class ErasureTests(AnalyticsServiceApplication app)
{
    private const string Api = AnalyticsApi.Route;

    [Fact]
    public async Task A_person_goes_and_figures_and_chain_stay()
    {
        using var client = app.ClientWith(Permissions.UsersManage, Permissions.AuditRead, Permissions.AnalyticsRead);
        var (person, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var (name, at) = ($"person-{person:N}", DateTimeOffset.UtcNow.AddDays(-30));
        ActivityRecorded[] activities =
        [
            Activity(at, 1, person, name), Activity(at, 2, other, "bystander"),
            Activity(at, 3, null, name) with { Action = "auth.login", Outcome = ActivityOutcomes.Failed },
            Activity(at, 4, other, "bystander") with { Action = "users.update", TargetType = "user", Target = person.ToString(), NewValues = JsonSerializer.SerializeToElement(new { email = $"{name}@example.com" }) },
        ];
        RequestCompleted[] requests =
        [
            Sample.Request(at.AddDays(20)) with { UserId = person, Username = name, Path = "/api/users/me" }, Sample.Request(at.AddDays(20)) with { UserId = other, Path = $"/api/users/{person}" },
        ];
        var view = new PageViewed { EventId = Guid.CreateVersion7(), OccurredAt = at.AddDays(20), UserId = person, Username = name, Path = $"/users/{person}", SessionId = "s1" };
        await app.PublishAsync(new ActivitiesRecorded { EventId = Guid.CreateVersion7(), OccurredAt = at, Activities = activities });
        await app.PublishAsync(new RequestCompletedBatch(requests));
        await app.PublishAsync(new PageViewedBatch([view]));
        Assert.Equal(4, await app.CountAsync("audit_chain", activities.Select(x => x.EventId), 4));
        Assert.Equal(2, await app.CountAsync("request_logs", requests.Select(x => x.EventId), 2));
        Assert.Equal(1, await app.CountAsync("page_views", [view.EventId], 1));
        await app.RollUpAsync();

        var accepted = await client.PostAsJsonAsync($"{Api}/erasures", new { user_id = person, reason = "asked for it" });
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        var erasure = await accepted.JsonAsync();
        for (var attempt = 0; attempt < 100 && erasure.Text("status") != "done"; attempt++)
        {
            await app.Service<EraseData>().RunAsync(CancellationToken.None);
            erasure = await client.GetFromJsonAsync<JsonElement>(accepted.Headers.Location);
        }

        Assert.Equal("done", erasure.Text("status"));
        foreach (var table in new[] { "user_activities", "request_logs", "page_views", "rejected_events", "rollups", "erasures", "audit_chain" })
        {
            Assert.Equal((table, 0), (table, await app.ScalarAsync<long>($"SELECT count(*) FROM analytics.{table} AS t WHERE t::text LIKE $1 OR t::text LIKE $2", $"%{person}%", $"%{name}%")));
        }

        // The person's own traces, and those of others at their places.
        var pseudonym = erasure.GetProperty("pseudonym").GetGuid();
        Assert.Equal(1, await app.ScalarAsync<long>("SELECT count(*) FROM analytics.user_activities WHERE user_id = $1 AND client_ip IS NULL AND details IS NULL", pseudonym));
        Assert.Equal(1, await app.ScalarAsync<long>("SELECT count(*) FROM analytics.user_activities WHERE event_id = $1 AND username = 'bystander' AND details IS NOT NULL", activities[1].EventId));
        Assert.Equal(1, await app.ScalarAsync<long>("SELECT count(*) FROM analytics.user_activities WHERE event_id = $1 AND username = 'bystander' AND target = $2", activities[3].EventId, pseudonym.ToString()));
        var usage = await client.GetFromJsonAsync<JsonElement>($"{Api}/usage/users?from={at.AddDays(19):yyyy-MM-ddTHH:mm:ssZ}&to={at.AddDays(21):yyyy-MM-ddTHH:mm:ssZ}&limit=500");
        Assert.Equal(1, usage.GetProperty("items").EnumerateArray().Single(user => user.GetProperty("user_id").GetGuid() == pseudonym).Number("requests"));

        var report = await VerifyAsync(client, at);
        Assert.Equal((true, 4, 3), (report.GetProperty("ok").GetBoolean(), (int)report.Number("activities"), (int)report.Number("erased")));

        // Who makes a row look erased has to say so, or is found out.
        await app.ExecuteAsync($"SET session_replication_role = replica; UPDATE analytics.audit_chain SET erasure_id = '{Guid.CreateVersion7()}' WHERE event_id = '{activities[0].EventId}'; RESET session_replication_role");
        Assert.Equal("edited", (await VerifyAsync(client, at)).GetProperty("problem").Text("kind"));

        // And what was kept of an erased row is still proven.
        await app.ExecuteAsync(
            $"SET session_replication_role = replica; UPDATE analytics.audit_chain SET erasure_id = '{erasure.GetProperty("id").GetGuid()}' WHERE event_id = '{activities[0].EventId}'; UPDATE analytics.user_activities SET outcome = 'denied' WHERE event_id = '{activities[0].EventId}'; RESET session_replication_role");
        Assert.Equal((1, "edited"), ((int)(await VerifyAsync(client, at)).GetProperty("problem").Number("sequence"), (await VerifyAsync(client, at)).GetProperty("problem").Text("kind")));
    }

    [Fact]
    public async Task It_is_on_record_and_names_nobody()
    {
        using var client = app.ClientWith(Permissions.UsersManage, Permissions.AuditRead);
        var person = Guid.CreateVersion7();

        var erasure = await (await client.PostAsJsonAsync($"{Api}/erasures", new { user_id = person })).JsonAsync();

        var id = erasure.GetProperty("id").GetGuid();
        Assert.Equal(1, await app.CountAsync("user_activities", [id], 1));
        var activity = (await client.GetFromJsonAsync<JsonElement>($"{Api}/activities?action=privacy.erase")).GetProperty("items").EnumerateArray().Single(one => one.GetProperty("event_id").GetGuid() == id);
        Assert.DoesNotContain(person.ToString(), activity.ToString(), StringComparison.Ordinal);
        Assert.Equal(("caller", id.ToString()), (activity.Text("username"), activity.Text("target")));
    }

    [Fact]
    public async Task What_is_no_request_is_refused()
    {
        using var client = app.ClientWith(Permissions.UsersManage);
        using var stranger = app.ClientWith(Permissions.AuditRead, Permissions.AnalyticsRead);

        await (await client.PostAsJsonAsync($"{Api}/erasures", new { reason = "none" })).AssertInvalidAsync("user_id");
        await (await client.PostAsJsonAsync($"{Api}/erasures", new { user_id = Guid.NewGuid(), reason = new string('x', 513) })).AssertInvalidAsync("reason");
        await (await client.GetAsync($"{Api}/erasures/{Guid.NewGuid()}")).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await stranger.PostAsJsonAsync($"{Api}/erasures", new { user_id = Guid.NewGuid() })).AssertProblemAsync(HttpStatusCode.Forbidden);
    }

    private static ActivityRecorded Activity(DateTimeOffset at, int second, Guid? user, string name) => Sample.Activity(at.AddSeconds(second)) with
    {
        UserId = user, Username = name, ClientIp = "203.0.113.9", Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["of"] = name },
    };

    private static async Task<JsonElement> VerifyAsync(HttpClient client, DateTimeOffset at) =>
        await client.GetFromJsonAsync<JsonElement>($"{Api}/audit/verify?from={at:yyyy-MM-dd}&to={at:yyyy-MM-dd}");
}
