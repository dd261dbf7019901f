using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Identity;
using McpPlatform.Contracts.Messages;
using McpPlatform.UserService.Tests.Connections;

namespace McpPlatform.UserService.Tests.Queries;

[Collection(UserServiceCollection.Name)]
public sealed class RunQueryTests(UserServiceApplication app, PostgresTarget target) : IClassFixture<PostgresTarget>
{
    [Fact]
    public async Task A_query_answers_columns_rows_and_what_it_took()
    {
        var answer = await (await target.AskAsync("SELECT id, name, born FROM people ORDER BY id -- all of them")).JsonAsync();

        Assert.Equal("""[{"name":"id","type":"integer"},{"name":"name","type":"text"},{"name":"born","type":"date"}]""", answer.GetProperty("columns").GetRawText());
        Assert.Equal("""[[1,"Ann","1980-02-29"],[2,"Bob",null],[3,"Cyd","2001-01-01"]]""", answer.GetProperty("rows").GetRawText());
        Assert.Equal((3, false), (answer.GetProperty("row_count").GetInt32(), answer.GetProperty("truncated").GetBoolean()));
        Assert.InRange(answer.GetProperty("elapsed_ms").GetInt64(), 0, 5000);
    }

    [Theory]
    [InlineData("WITH x AS (SELECT 1 AS a) SELECT a FROM x;", "1")]
    [InlineData("VALUES (7)", "7")]
    [InlineData("(SELECT 3)", "3")]
    [InlineData("SHOW statement_timeout", "\"15s\"")]
    [InlineData("SELECT ';' || '--' || '/*' || $$;$$", "\";--/*;\"")]
    [InlineData("SELECT /* a /* nested */ ; */ 1", "1")]
    [InlineData("SELECT 'INSERT INTO people'", "\"INSERT INTO people\"")]
    [InlineData("SELECT twice(4)", "8")]
    [InlineData("SELECT count(*) FROM people WHERE name ILIKE 'a%'", "1")]
    [InlineData("SELECT sum(i) FROM generate_series(1, 10) AS g (i)", "55")]
    [InlineData("SELECT (random() < 2)", "true")]
    [InlineData("SELECT 'A'::citext = 'a'", "true")]
    [InlineData("SELECT '{\"a\": [1, 2]}'::jsonb ? 'a'", "true")]
    [InlineData("SELECT E'it\\'s; fine'", "\"it's; fine\"")]
    [InlineData("SELECT \"name\" FROM ONLY public.\"people\" WHERE id = 1", "\"Ann\"")]
    public async Task What_reads_is_run(string query, string expected) => Assert.Equal(expected, await target.ValueAsync(query));

    [Fact]
    public async Task Explain_of_a_read_is_run()
    {
        Assert.StartsWith("\"Seq Scan", await target.ValueAsync("EXPLAIN SELECT * FROM people"), StringComparison.Ordinal);
        Assert.Contains("Execution Time", await target.ValueAsync("EXPLAIN (ANALYZE, FORMAT json) SELECT * FROM people"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT name FROM people WHERE id = $1", "[2]", "\"Bob\"")]
    [InlineData("SELECT name FROM people WHERE name = :n AND id = @id", """{"n": "Ann", "id": 1}""", "\"Ann\"")]
    [InlineData("SELECT count(*) FROM people WHERE id = ANY ($1)", "[[1, 3, 5]]", "2")]
    [InlineData("SELECT $1::text", """["'; DROP TABLE people; --"]""", "\"'; DROP TABLE people; --\"")]
    [InlineData("SELECT $1::text[]", """[["a\"b", "c\\d", null, "{}", ""]]""", """["a\"b","c\\d",null,"{}",""]""")]
    [InlineData("SELECT $2::int - $1::int", "[1, 10]", "9")]
    [InlineData("SELECT $1::boolean", "[true]", "true")]
    [InlineData("SELECT $1::int IS NULL", "[null]", "true")]
    [InlineData("SELECT $1::numeric", "[123456789012345678901234567890.5]", "\"123456789012345678901234567890.5\"")]
    public async Task Values_are_bound_by_position_or_by_name(string query, string parameters, string expected) =>
        Assert.Equal(JsonSerializer.Deserialize<JsonElement>(expected).ToString(), (await target.RowsAsync(query, JsonSerializer.Deserialize<JsonElement>(parameters)))[0][0].ToString());

    [Theory]
    [InlineData("SELECT $1", "[]")]
    [InlineData("SELECT $1", "[1, 2]")]
    [InlineData("SELECT $0", "[1]")]
    [InlineData("SELECT $99999999999", "[1]")]
    [InlineData("SELECT :a", """{"b": 1}""")]
    [InlineData("SELECT $1 + $2", "[1]")]
    public async Task Places_and_values_must_fit(string query, string parameters) =>
        await (await target.AskAsync(query, JsonSerializer.Deserialize<JsonElement>(parameters))).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);

    [Theory]
    [InlineData("""{"query": ""}""", "query")]
    [InlineData("""{"query": "  "}""", "query")]
    [InlineData("""{"query": null}""", "query")]
    [InlineData("""{"query": "SELECT 1", "max_rows": 0}""", "max_rows")]
    [InlineData("""{"query": "SELECT 1", "max_rows": 10001}""", "max_rows")]
    [InlineData("""{"query": "SELECT 1", "timeout_ms": -1}""", "timeout_ms")]
    [InlineData("""{"query": "SELECT 1", "timeout_ms": 30001}""", "timeout_ms")]
    [InlineData("""{"query": "SELECT 1", "parameters": 5}""", "parameters")]
    [InlineData("""{"query": "SELECT $1", "parameters": [{"a": 1}]}""", "parameters")]
    public async Task Bad_input_is_400_and_names_the_field(string body, string field)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        await (await target.Reader.PostAsync(target.ReaderPath + "/query", content)).AssertInvalidAsync(field);
    }

    [Theory]
    [InlineData("""{"query": "SELECT 1", "parameters": ["\ud800"]}""")]
    [InlineData("""{"query": "SELECT 1", "parameters": ["\u0000"]}""")]
    [InlineData("""{"query": "SELECT '\u0000'"}""")]
    [InlineData("""{"query": "SELECT '\ud800'"}""")]
    [InlineData("""{"query": ["SELECT 1"]}""")]
    [InlineData("""{"query": "SELECT 1", "surprise": 1}""")]
    [InlineData("""{"query": "SELECT 1", "max_rows": "5"}""")]
    public async Task Broken_input_is_400(string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        await (await target.Reader.PostAsync(target.ReaderPath + "/query", content)).AssertProblemAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_query_has_at_most_100_KiB()
    {
        Assert.Equal(HttpStatusCode.OK, (await target.AskAsync("SELECT 1".PadRight(102_400))).StatusCode);
        await (await target.AskAsync("SELECT 1".PadRight(102_401))).AssertInvalidAsync("query");
    }

    [Fact]
    public async Task Only_who_may_use_the_profile_queries_through_it()
    {
        var (other, _, _) = await app.PersonAsync();
        using var anonymous = app.Anonymous();
        using var powerless = app.ClientFor(target.ReaderId, "somebody", Permissions.DbConnectionsManage);
        var body = new { query = "SELECT 1" };

        await (await other.PostAsJsonAsync(target.ReaderPath + "/query", body)).AssertProblemAsync(HttpStatusCode.NotFound);
        await (await anonymous.PostAsJsonAsync(target.ReaderPath + "/query", body)).AssertProblemAsync(HttpStatusCode.Unauthorized);
        await (await powerless.PostAsJsonAsync(target.ReaderPath + "/query", body)).AssertProblemAsync(HttpStatusCode.Forbidden);
        await (await target.Reader.PostAsJsonAsync($"/api/db/connections/{Guid.CreateVersion7()}/query", body)).AssertProblemAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_database_error_tells_its_code_and_message_and_no_row()
    {
        var problem = await (await target.AskAsync("SELECT 1 / 0")).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal(("22012", "division by zero"), (problem.GetProperty("sql_state").GetString(), problem.GetProperty("detail").GetString()));

        problem = await (await target.AskToWriteAsync("INSERT INTO people VALUES (1, 'secret name', NULL)")).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("23505", problem.GetProperty("sql_state").GetString());
        Assert.DoesNotContain("(id)=(1)", problem.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_fails_is_502_or_422_in_plain_words()
    {
        var closed = (await target.Reader.CreateConnectionAsync(Profiles.Body(("name", "closed"), ("host", "127.0.0.1"), ("port", 1)))).PathOf();
        var problem = await (await target.Reader.PostAsJsonAsync(closed + "/query", new { query = "SELECT 1" })).AssertProblemAsync(HttpStatusCode.BadGateway);
        Assert.Contains("cannot be reached", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_stop_at_the_limit()
    {
        var answer = await (await target.AskAsync("SELECT i FROM generate_series(1, 1000000) AS g (i)", maxRows: 5)).JsonAsync();
        Assert.Equal((5, true), (answer.GetProperty("row_count").GetInt32(), answer.GetProperty("truncated").GetBoolean()));

        answer = await (await target.AskAsync("SELECT i FROM generate_series(1, 10001) AS g (i)")).JsonAsync();
        Assert.Equal((10_000, true), (answer.GetProperty("rows").GetArrayLength(), answer.GetProperty("truncated").GetBoolean()));

        answer = await (await target.AskAsync("SELECT i FROM generate_series(1, 5) AS g (i)", maxRows: 5)).JsonAsync();
        Assert.False(answer.GetProperty("truncated").GetBoolean());
    }

    [Fact]
    public async Task Bytes_stop_at_the_limit_and_long_values_are_cut()
    {
        var response = await target.AskAsync("SELECT repeat('x', 1000000) FROM generate_series(1, 100)");
        Assert.InRange(response.Content.Headers.ContentLength ?? 0, 15_000_000, 18 * 1024 * 1024);
        Assert.True((await response.JsonAsync()).GetProperty("truncated").GetBoolean());

        var answer = await (await target.AskAsync("SELECT repeat('é', 20000000), 2")).JsonAsync();
        Assert.Equal((1_048_576, true), (answer.GetProperty("rows")[0][0].GetString()!.Length, answer.GetProperty("truncated").GetBoolean()));
        Assert.Equal(2, answer.GetProperty("rows")[0][1].GetInt32());
    }

    [Fact]
    public async Task The_time_is_up_at_the_server_too()
    {
        var started = Stopwatch.StartNew();

        await (await target.AskAsync("SELECT pg_sleep(60) AS sleeper_1", timeoutMs: 300)).AssertProblemAsync(HttpStatusCode.GatewayTimeout);

        Assert.InRange(started.ElapsedMilliseconds, 250, 3000);
        await AssertGoneAsync("sleeper_1");
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_query()
    {
        using var leaving = new CancellationTokenSource();
        var asking = target.Reader.PostAsJsonAsync(target.ReaderPath + "/query", new { query = "SELECT pg_sleep(25) AS sleeper_2" }, leaving.Token);
        await WaitAsync("sleeper_2", running: true);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await AssertGoneAsync("sleeper_2");
    }

    [Fact]
    public async Task A_user_has_four_queries_at_once()
    {
        using var stop = new CancellationTokenSource();
        var running = Enumerable.Range(0, 4).Select(_ =>
            target.Reader.PostAsJsonAsync(target.ReaderPath + "/query", new { query = "SELECT pg_sleep(20) AS sleeper_3" }, stop.Token)).ToList();
        while (await CountAsync("sleeper_3") < 4)
        {
            await Task.Delay(20);
        }

        var refused = await target.AskAsync("SELECT 1");

        await refused.AssertProblemAsync(HttpStatusCode.TooManyRequests);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        Assert.Equal(HttpStatusCode.OK, (await target.AskToWriteAsync("SELECT 1")).StatusCode);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(running));
        await AssertGoneAsync("sleeper_3");
        while ((await target.AskAsync("SELECT 1")).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task Writing_needs_a_profile_and_a_permission_that_allow_it()
    {
        await target.ExecuteAsync("CREATE TABLE notes (id int, text text)");

        await (await target.AskAsync("INSERT INTO notes VALUES (1, 'reader')")).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        await (await target.Writer.PostAsJsonAsync(target.ReadOnlyPath + "/query", new { query = "INSERT INTO notes VALUES (1, 'x')" })).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        var answer = await (await target.AskToWriteAsync("INSERT INTO notes SELECT i, $1 FROM generate_series(1, 3) AS g (i)", new[] { "writer" })).JsonAsync();
        Assert.Equal(3, answer.GetProperty("row_count").GetInt32());
        answer = await (await target.AskToWriteAsync("UPDATE notes SET text = 'new' WHERE id = 2 RETURNING id, text")).JsonAsync();
        Assert.Equal("""[[2,"new"]]""", answer.GetProperty("rows").GetRawText());
        Assert.Equal(HttpStatusCode.OK, (await target.AskToWriteAsync("DELETE FROM notes WHERE id = 3")).StatusCode);

        Assert.Equal("new,writer", await target.ScalarAsync<string>("SELECT string_agg(text, ',' ORDER BY text) FROM notes"));
    }

    [Fact]
    public async Task Every_query_is_on_record_without_its_values()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();

        await target.AskAsync("SELECT name FROM people WHERE name = 'Ann Secret' /* audit_1 */ AND id <> 424242");
        await target.AskAsync("DROP TABLE people -- audit_2");
        await target.AskAsync("SELECT 1 / 0 AS audit_3");

        var ran = await activities.WaitForAsync(x => x.Action == "db.query" && x.UserId == target.ReaderId && x.Details!.GetValueOrDefault("statement")?.Contains("name = ? AND id <> ?", StringComparison.Ordinal) == true);
        Assert.Equal((ActivityOutcomes.Succeeded, "select", "0"), (ran.Outcome, ran.Details!["kind"], ran.Details["rows"]));
        Assert.Equal("connection", ran.TargetType);
        Assert.EndsWith("/warehouse", ran.Target, StringComparison.Ordinal);
        Assert.Equal(target.ReaderPath.Split('/')[^1], ran.Details["connection_id"]);
        Assert.True(ran.DurationMs > 0);
        Assert.DoesNotContain("Secret", JsonSerializer.Serialize(ran), StringComparison.Ordinal);
        Assert.DoesNotContain("424242", JsonSerializer.Serialize(ran), StringComparison.Ordinal);
        await activities.WaitForAsync(x => x.Action == "db.query" && x.UserId == target.ReaderId && x.Outcome == ActivityOutcomes.Denied && x.Details!["reason"].Contains("Only SELECT", StringComparison.Ordinal));
        await activities.WaitForAsync(x => x.Action == "db.query" && x.UserId == target.ReaderId && x.Outcome == ActivityOutcomes.Failed && x.Details!.GetValueOrDefault("sql_state") == "22012");
    }

    private Task<long> CountAsync(string marker) => target.ScalarAsync<long>(
        $"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%{marker}%' AND pid <> pg_backend_pid()");

    private async Task WaitAsync(string marker, bool running)
    {
        while (await CountAsync(marker) > 0 != running)
        {
            await Task.Delay(20);
        }
    }

    private async Task AssertGoneAsync(string marker) => await WaitAsync(marker, running: false).WaitAsync(TimeSpan.FromSeconds(2));
}
