using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using McpPlatform.Contracts.Messages;

namespace McpPlatform.UserService.Tests.Queries;

/// <summary>Answers that are sent while they come.</summary>
[Collection(UserServiceCollection.Name)]
public sealed class StreamTests(UserServiceApplication app, PostgresTarget target, MariaDbTarget mariaDb) : IClassFixture<PostgresTarget>, IClassFixture<MariaDbTarget>
{
    private const long Megabyte = 1024 * 1024;

    [Fact]
    public async Task A_stream_is_one_document_a_line()
    {
        var lines = await LinesAsync("SELECT i, 'a' || chr(10) || 'b' AS t, '{\"x\":\n1}'::json AS j FROM generate_series(1, 25000) AS g (i)");

        Assert.Equal(25_002, lines.Count);
        Assert.Equal("""{"columns":[{"name":"i","type":"integer"},{"name":"t","type":"text"},{"name":"j","type":"json"}]}""", lines[0]);
        Assert.Equal("""[25000,"a\nb",{"x":1}]""", lines[^2]);
        var end = JsonSerializer.Deserialize<JsonElement>(lines[^1]);
        Assert.Equal((25_000, false), (end.GetProperty("row_count").GetInt32(), end.GetProperty("truncated").GetBoolean()));
    }

    [Theory]
    [InlineData(true, "SELECT i, repeat('x', 80) FROM generate_series(1, 1000000) AS g (i)")]
    [InlineData(false, "SELECT seq, REPEAT('x', 80) FROM seq_1_to_1000000")]
    public async Task A_million_rows_need_no_more_memory_than_a_few(bool postgres, string query)
    {
        using var response = await SendAsync(query, postgres);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var (count, bytes, early, late, last) = (0, 0L, 0L, 0L, string.Empty);
        while (await lines.ReadLineAsync() is { } line)
        {
            (last, bytes) = (line, bytes + line.Length);
            early = ++count == 100_000 ? GC.GetTotalMemory(forceFullCollection: true) : early;
            late = count == 900_000 ? GC.GetTotalMemory(forceFullCollection: true) : late;
        }

        Assert.Equal(1_000_002, count);
        Assert.StartsWith("""{"row_count":1000000,"truncated":false,""", last, StringComparison.Ordinal);
        Assert.True(bytes > 80 * Megabyte && late - early < 16 * Megabyte, $"{bytes} bytes were sent; {early} bytes of memory were in use after 100,000 rows, {late} after 900,000.");
    }

    [Fact]
    public async Task A_reader_that_is_slow_slows_the_database_down()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using (var response = await SendAsync("SELECT repeat('x', 1000) AS slow_reader FROM generate_series(1, 1000000)"))
        {
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
            Assert.StartsWith("""{"columns":""", await lines.ReadLineAsync(), StringComparison.Ordinal);

            // The server has more to say, and nobody takes it.
            await UntilAsync("wait_event = 'ClientWrite' AND query LIKE '%slow_reader%'", there: true);
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 32 * Megabyte);
        }

        await UntilAsync("state = 'active' AND query LIKE '%slow_reader%'", there: false);
    }

    [Fact]
    public async Task A_client_that_leaves_a_stream_ends_the_statement_and_is_on_record()
    {
        await using var activities = await app.ListenAsync<ActivityRecorded>();
        using (var response = await SendAsync("SELECT i AS leaves_early FROM generate_series(1, 100000000) AS g (i)"))
        {
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
            for (var i = 0; i < 1000; i++)
            {
                Assert.NotNull(await lines.ReadLineAsync());
            }
        }

        await UntilAsync("state = 'active' AND query LIKE '%leaves_early%'", there: false);
        await activities.WaitForAsync(x => x.Action == "db.query" && x.UserId == target.ReaderId && x.Outcome == ActivityOutcomes.Failed
            && x.Details!.GetValueOrDefault("statement", string.Empty).Contains("leaves_early", StringComparison.Ordinal) && x.Details!.GetValueOrDefault("status") == "499");
    }

    [Theory]
    [InlineData("leaves_at_once", 0)]
    [InlineData("leaves_when_nothing_flows", 1000)]
    public async Task A_client_that_leaves_a_stream_of_MariaDb_ends_the_statement(string name, int afterMs)
    {
        var running = $"SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%{name}%' AND id <> connection_id()";
        using (var response = await SendAsync($"SELECT seq AS {name}, REPEAT('x', 1000) FROM seq_1_to_100000000", postgres: false))
        {
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
            Assert.NotNull(await lines.ReadLineAsync());
            await Task.Delay(afterMs);
            Assert.Equal("1", await mariaDb.ScalarAsync(running));
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await mariaDb.ScalarAsync(running) != "0")
        {
            await Task.Delay(20, patience.Token);
        }
    }

    [Theory]
    [InlineData(true, "SELECT 1 / (20000 - i) FROM generate_series(1, 25000) AS g (i)", 422, "22012")]
    [InlineData(true, "SELECT i, pg_sleep(0.001) FROM generate_series(1, 1000000) AS g (i)", 504, null)]
    [InlineData(false, "SELECT seq, JSON_EXTRACT(CONCAT('{\"a\": ', seq, '}'), IF(seq < 20000, '$.a', '$[')) AS x, (SELECT 1 UNION SELECT IF(seq < 20000, 1, 2)) FROM seq_1_to_25000", 422, "21000")]
    [InlineData(false, "SELECT a.seq, (SELECT SUM(b.seq * a.seq) FROM seq_1_to_100000 b) FROM seq_1_to_1000000 a", 504, null)]
    public async Task A_stream_that_breaks_ends_with_the_error(bool postgres, string query, int status, string? state)
    {
        var lines = await LinesAsync(query, postgres, timeoutMs: 1500);

        var error = JsonSerializer.Deserialize<JsonElement>(lines[^1]).GetProperty("error");
        Assert.Equal(status, error.GetProperty("status").GetInt32());
        Assert.Equal(state, error.TryGetProperty("sql_state", out var code) ? code.GetString() : null);
        Assert.NotEmpty(error.GetProperty("detail").GetString()!);
        Assert.True(lines.Count > 2, "The error came before the first row.");
        Assert.All(lines.Skip(1).SkipLast(1), line => Assert.True(line is ['[', .., ']'], line));
    }

    [Fact]
    public async Task What_fails_before_the_first_line_has_a_status_of_its_own()
    {
        await (await SendAsync("SELECT nothing")).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        await (await SendAsync("SELECT pg_read_file('/etc/passwd')")).AssertProblemAsync(HttpStatusCode.UnprocessableEntity);
        await (await SendAsync(string.Empty)).AssertInvalidAsync("query");
    }

    private async Task<List<string>> LinesAsync(string query, bool postgres = true, int? timeoutMs = null)
    {
        using var response = await SendAsync(query, postgres, timeoutMs);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        return [.. (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private async Task<HttpResponseMessage> SendAsync(string query, bool postgres = true, int? timeoutMs = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, (postgres ? target.ReaderPath : mariaDb.Path) + "/query") { Content = JsonContent.Create(new { query, timeout_ms = timeoutMs ?? 60_000 }) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        return await (postgres ? target.Reader : mariaDb.Person).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private async Task UntilAsync(string condition, bool there)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        while (await target.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE {condition} AND pid <> pg_backend_pid())") != there)
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
