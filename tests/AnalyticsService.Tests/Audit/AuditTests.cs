using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using McpPlatform.AnalyticsService.Audit;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using Npgsql;

namespace McpPlatform.AnalyticsService.Tests.Audit;

/// <summary>Whoever tampers with the trail is found out. Tests tamper as a superuser does, past the triggers, each on a day of its own.</summary>
[Collection(AnalyticsServiceCollection.Name)]
public sealed class AuditTests(AnalyticsServiceApplication app)
{
    private const string Api = AnalyticsApi.Route;
    private static int day = 40;

    [Fact]
    public async Task A_trail_that_nobody_touched_is_proven()
    {
        var (date, ids) = await TrailAsync(12);
        await app.PublishAsync(Many([.. ids.Take(3).Select((id, index) => Activity(date, index) with { EventId = id })]));

        var report = await VerifyAsync(date);

        AssertProblem(null, null, null, report);
        Assert.Equal((12, 0, 0), (report.Number("activities"), report.Number("erased"), report.Number("unsealed")));
        Assert.True(report.Number("checkpoints") >= 1);
        Assert.Equal(64, report.GetProperty("last_checkpoint").Text("hash")!.Length);
    }

    [Theory]
    [InlineData("UPDATE analytics.user_activities SET outcome = 'denied' WHERE event_id = $1", "edited", 5)]
    [InlineData("UPDATE analytics.user_activities SET username = 'mallory' WHERE event_id = $1", "edited", 5)]
    [InlineData("UPDATE analytics.user_activities SET details = NULL WHERE event_id = $1", "edited", 5)]
    [InlineData("UPDATE analytics.user_activities SET new_values = '{\"is_admin\": false}' WHERE event_id = $1", "edited", 5)]
    [InlineData("UPDATE analytics.user_activities SET occurred_at = occurred_at + interval '1 microsecond' WHERE event_id = $1", "deleted", 5)]
    [InlineData("DELETE FROM analytics.user_activities WHERE event_id = $1", "deleted", 5)]
    [InlineData("WITH gone AS (DELETE FROM analytics.user_activities WHERE event_id = $1) DELETE FROM analytics.audit_chain WHERE event_id = $1", "deleted", 5)]
    [InlineData("UPDATE analytics.audit_chain SET salt = '\\x00' WHERE event_id = $1", "edited", 5)]
    [InlineData("UPDATE analytics.audit_chain SET row_hash = '\\x00' WHERE event_id = $1", "edited", 5)]
    [InlineData("UPDATE analytics.audit_chain SET chain_hash = '\\x00' WHERE event_id = $1", "reordered", 5)]
    public async Task What_was_done_to_an_activity_is_named(string sql, string kind, int sequence)
    {
        var (date, ids) = await TrailAsync(10);

        await TamperAsync(sql, ids[sequence - 1]);

        AssertProblem(kind, sequence, null, await VerifyAsync(date));
    }

    [Fact]
    public async Task Activities_that_changed_places_are_named()
    {
        var (date, ids) = await TrailAsync(10);

        await TamperAsync("UPDATE analytics.audit_chain SET sequence = CASE event_id WHEN $1 THEN 4 ELSE 3 END WHERE event_id IN ($1, $2)", ids[2], ids[3]);

        AssertProblem("reordered", 3, ids[3], await VerifyAsync(date));
    }

    [Fact]
    public async Task An_activity_that_was_put_there_is_named()
    {
        var (date, ids) = await TrailAsync(4);
        var forged = Guid.CreateVersion7();

        await TamperAsync(
            "INSERT INTO analytics.user_activities (event_id, occurred_at, service, action, outcome) SELECT $2, occurred_at, service, action, outcome FROM analytics.user_activities WHERE event_id = $1",
            ids[0], forged);

        AssertProblem("inserted", null, forged, await VerifyAsync(date));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(0)]
    public async Task An_end_that_was_cut_off_is_missed(int left)
    {
        var (date, ids) = await TrailAsync(10);

        foreach (var id in ids.Skip(left))
        {
            await TamperAsync("WITH gone AS (DELETE FROM analytics.user_activities WHERE event_id = $1) DELETE FROM analytics.audit_chain WHERE event_id = $1", id);
        }

        AssertProblem("cut_off", left + 1, null, await VerifyAsync(date));
    }

    [Fact]
    public async Task A_chain_that_was_made_anew_is_not_the_one_that_was_signed()
    {
        var (date, ids) = await TrailAsync(6);
        await TamperAsync("UPDATE analytics.user_activities SET outcome = 'denied' WHERE event_id = $1", ids[1]);

        // All hashes right again, as somebody would make them who has read how it is done.
        var hash = AuditHash.Beginning(date);
        for (var index = 0; index < ids.Count; index++)
        {
            await using var command = app.Database.CreateCommand($"SELECT {AuditRow.Columns}, l.salt FROM analytics.user_activities AS a JOIN analytics.audit_chain AS l USING (event_id, occurred_at) WHERE a.event_id = $1");
            command.Parameters.Add(new NpgsqlParameter { Value = ids[index] });
            AuditRow row;
            byte[] salt;
            await using (var rows = await command.ExecuteReaderAsync())
            {
                await rows.ReadAsync();
                (row, salt) = (AuditRow.Read(rows, 0)!, rows.GetFieldValue<byte[]>(15));
            }

            var rowHash = AuditHash.Row(row, AuditHash.Personal(row, salt));
            hash = AuditHash.Link(hash, index + 1, rowHash);
            await TamperAsync("UPDATE analytics.audit_chain SET row_hash = $2, chain_hash = $3 WHERE event_id = $1", ids[index], rowHash, hash);
        }

        AssertProblem("replaced", 6, ids[5], await VerifyAsync(date));
    }

    [Theory]
    [InlineData("DELETE FROM analytics.audit_checkpoints WHERE number = $1", "checkpoint_missing")]
    [InlineData("UPDATE analytics.audit_checkpoints SET sealed_at = sealed_at + interval '1 hour' WHERE number = $1", "checkpoint_edited")]
    [InlineData("UPDATE analytics.audit_checkpoints SET sequence = 1 WHERE number = $1", "checkpoint_edited")]
    [InlineData("UPDATE analytics.audit_checkpoints SET previous_hash = '\\x00' WHERE number = $1", "checkpoint_edited")]
    [InlineData("UPDATE analytics.audit_checkpoints SET key_id = 'mine' WHERE number = $1", "checkpoint_unsigned")]
    public async Task A_checkpoint_that_was_touched_is_named(string sql, string kind)
    {
        var (date, _) = await TrailAsync(3);
        await TrailAsync(1);
        var number = await app.ScalarAsync<long>("SELECT max(number) - 1 FROM analytics.audit_checkpoints");
        await app.ExecuteAsync("CREATE TABLE analytics.spare AS SELECT * FROM analytics.audit_checkpoints");
        try
        {
            await TamperAsync(sql, number);

            AssertProblem(kind, number, null, await VerifyAsync(date));
        }
        finally
        {
            await app.ExecuteAsync("DELETE FROM analytics.audit_checkpoints; INSERT INTO analytics.audit_checkpoints SELECT * FROM analytics.spare; DROP TABLE analytics.spare");
        }

        AssertProblem(null, null, null, await VerifyAsync(date));
    }

    [Fact]
    public async Task A_key_that_the_platform_did_not_make_signs_nothing()
    {
        var (date, _) = await TrailAsync(3);
        using var mine = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var kid = await app.ScalarAsync<string>("SELECT key_id FROM analytics.audit_keys LIMIT 1");
        var theirs = await app.ScalarAsync<byte[]>("SELECT public_key FROM analytics.audit_keys WHERE key_id = $1", kid);
        try
        {
            await TamperAsync("UPDATE analytics.audit_keys SET public_key = $2 WHERE key_id = $1", kid, mine.ExportSubjectPublicKeyInfo());

            AssertProblem("checkpoint_unsigned", 1, null, await VerifyAsync(date));
        }
        finally
        {
            await TamperAsync("UPDATE analytics.audit_keys SET public_key = $2 WHERE key_id = $1", kid, theirs);
        }
    }

    [Theory]
    [InlineData("UPDATE analytics.user_activities SET outcome = 'denied' WHERE event_id = $1")]
    [InlineData("DELETE FROM analytics.user_activities WHERE event_id = $1")]
    [InlineData("TRUNCATE analytics.user_activities")]
    public async Task Nobody_changes_the_trail_by_mistake(string sql)
    {
        var (date, ids) = await TrailAsync(2);
        await using var command = app.Database.CreateCommand(sql);
        if (sql.Contains("$1", StringComparison.Ordinal))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = ids[0] });
        }

        var exception = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());

        Assert.Contains("append-only", exception.MessageText, StringComparison.Ordinal);
        AssertProblem(null, null, null, await VerifyAsync(date));
    }

    [Fact]
    public async Task What_has_no_place_yet_is_told_and_missed_when_it_goes()
    {
        var date = NextDay();
        List<ActivityRecorded> activities = [.. Enumerable.Range(0, 5).Select(index => Activity(date, index))];
        await using (var connection = await app.Database.OpenConnectionAsync())
        {
            // While somebody else seals, nobody does.
            await using var transaction = await connection.BeginTransactionAsync();
            await using (var locking = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended('analytics.seal_audit', 0))", connection))
            {
                await locking.ExecuteNonQueryAsync();
            }

            await app.PublishAsync(Many(activities));
            Assert.Equal(5, await app.CountAsync("user_activities", activities.Select(one => one.EventId), 5));
            var early = await VerifyAsync(date);
            AssertProblem(null, null, null, early);
            Assert.Equal((0, 5), (early.Number("activities"), early.Number("unsealed")));
            await TamperAsync("DELETE FROM analytics.user_activities WHERE event_id = $1", activities[2].EventId);
        }

        await app.Service<SealAudit>().RunAsync(checkpoint: true, CancellationToken.None);

        AssertProblem("deleted", 3, activities[2].EventId, await VerifyAsync(date));
    }

    [Fact]
    public async Task Replicas_that_seal_at_once_make_one_chain()
    {
        var (replica, other) = app.StartReplica();
        await using var running = replica;
        other.Dispose();
        var date = NextDay();
        List<ActivityRecorded> activities = [.. Enumerable.Range(0, 400).Select(index => Activity(date, index))];
        foreach (var some in activities.Chunk(25))
        {
            await Task.WhenAll(app.PublishAsync(Many(some)), app.PublishAsync(Many(some[..5])), app.Service<SealAudit>().RunAsync(checkpoint: false, CancellationToken.None));
        }

        Assert.Equal(400, await app.CountAsync("user_activities", activities.Select(one => one.EventId), 400));
        Assert.Equal(400, await app.CountAsync("audit_chain", activities.Select(one => one.EventId), 400));

        var report = await VerifyAsync(date);

        AssertProblem(null, null, null, report);
        Assert.Equal(400, report.Number("activities") + report.Number("unsealed"));
    }

    [Fact]
    public async Task Whoever_has_the_keys_examines_it_without_the_service()
    {
        var (date, ids) = await TrailAsync(8);
        using var client = app.ClientWith(Permissions.AuditRead);
        var keys = Path.GetTempFileName();
        await File.WriteAllTextAsync(keys, await client.GetStringAsync($"{Api}/audit/keys"));
        string[] command = ["audit", "verify", "--from", $"{date:yyyy-MM-dd}", "--to", $"{date:yyyy-MM-dd}", "--keys", keys];
        try
        {
            var (code, output) = await app.CommandAsync(command);
            Assert.Equal((0, 8), (code, JsonDocument.Parse(output).RootElement.Number("activities")));

            await TamperAsync("UPDATE analytics.user_activities SET client_ip = '198.51.100.1' WHERE event_id = $1", ids[6]);
            (code, output) = await app.CommandAsync(command);
            Assert.Equal(1, code);
            AssertProblem("edited", 7, ids[6], JsonDocument.Parse(output).RootElement);

            Assert.Equal(2, (await app.CommandAsync("audit", "verify", "--from", "yesterday")).Code);
            await File.WriteAllTextAsync(keys, "[]");
            (code, output) = await app.CommandAsync(command);
            Assert.Equal(2, code);
            Assert.Contains("audit/keys", output, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(keys);
        }
    }

    [Fact]
    public async Task Checkpoints_are_listed_newest_first()
    {
        await TrailAsync(1);
        await TrailAsync(1);
        using var client = app.ClientWith(Permissions.AuditRead);

        var first = await client.GetFromJsonAsync<JsonElement>($"{Api}/audit/checkpoints?limit=1");
        var second = await client.GetFromJsonAsync<JsonElement>($"{Api}/audit/checkpoints?limit=1&cursor={first.Text("next_cursor")}");

        Assert.Equal(first.GetProperty("items")[0].Number("number") - 1, second.GetProperty("items")[0].Number("number"));
        await (await client.GetAsync($"{Api}/audit/checkpoints?cursor=x!")).AssertInvalidAsync("cursor");
    }

    [Theory]
    [InlineData("from=2026-01-02&to=2020-01-01", "to")]
    [InlineData("from=tomorrow", "from")]
    [InlineData("to=2999-01-01", "to")]
    public async Task A_range_that_is_none_is_refused(string query, string field)
    {
        using var client = app.ClientWith(Permissions.AuditRead);

        await (await client.GetAsync($"{Api}/audit/verify?{query}")).AssertInvalidAsync(field);
    }

    private static DateOnly NextDay() => DateOnly.FromDateTime(DateTime.UtcNow).AddDays(-Interlocked.Increment(ref day));

    private static ActivityRecorded Activity(DateOnly date, int index) => Sample.Activity(new DateTimeOffset(date, new TimeOnly(12, 0), TimeSpan.Zero).AddSeconds(index)) with
    {
        Details = new Dictionary<string, string>(StringComparer.Ordinal) { ["b"] = "2", ["a"] = "\u00e9\"\\" }, ClientIp = "203.0.113.9",
        OldValues = JsonSerializer.SerializeToElement(new { is_admin = false }), NewValues = JsonSerializer.SerializeToElement(new { is_admin = true, number = 1.50 }),
    };

    private static ActivitiesRecorded Many(IReadOnlyList<ActivityRecorded> activities) =>
        new() { EventId = Guid.CreateVersion7(), OccurredAt = activities[0].OccurredAt, Activities = activities };

    private static void AssertProblem(string? kind, long? sequence, Guid? eventId, JsonElement report)
    {
        var problem = report.GetProperty("problem");
        Assert.Equal(kind, problem.ValueKind == JsonValueKind.Null ? null : $"{problem.Text("kind")}");
        Assert.Equal(kind is null, report.GetProperty("ok").GetBoolean());
        if (sequence is not null)
        {
            Assert.Equal(sequence, problem.GetProperty("sequence").GetInt64());
        }

        if (eventId is not null)
        {
            Assert.Equal(eventId, problem.GetProperty("event_id").GetGuid());
        }
    }

    /// <summary>A day of so many activities, sealed and signed.</summary>
    private async Task<(DateOnly Day, IReadOnlyList<Guid> Ids)> TrailAsync(int count)
    {
        var date = NextDay();
        List<ActivityRecorded> activities = [.. Enumerable.Range(0, count).Select(index => Activity(date, index))];
        await app.PublishAsync(Many(activities));
        Assert.Equal(count, await app.CountAsync("user_activities", activities.Select(one => one.EventId), count));
        for (var attempt = 0; await app.CountAsync("audit_chain", activities.Select(one => one.EventId), count) != count
            || await app.ScalarAsync<long>("SELECT count(*) FROM analytics.audit_checkpoints WHERE day = $1 AND sequence = $2", date, (long)count) == 0; attempt++)
        {
            Assert.True(attempt < 500, "The trail is not sealed.");
            await Task.Delay(attempt == 0 ? 0 : 20);
            await app.Service<SealAudit>().RunAsync(checkpoint: true, CancellationToken.None);
        }

        return (date, [.. activities.Select(activity => activity.EventId)]);
    }

    private async Task<JsonElement> VerifyAsync(DateOnly date)
    {
        using var client = app.ClientWith(Permissions.AuditRead);
        using var response = await client.GetAsync($"{Api}/audit/verify?from={date:yyyy-MM-dd}&to={date:yyyy-MM-dd}");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.JsonAsync();
    }

    private async Task TamperAsync(string sql, params object[] parameters)
    {
        await using var connection = await app.Database.OpenConnectionAsync();
        await using (var command = new NpgsqlCommand("SET session_replication_role = replica", connection))
        {
            await command.ExecuteNonQueryAsync();
        }

        await using var tampering = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            tampering.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        Assert.NotEqual(0, await tampering.ExecuteNonQueryAsync());
    }
}
